#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shell in the guest. Usage: vm.sh <base> stock|series plain|debug|single
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
prepare "$name" "$kernel"
mkdir -p "$out/results/$base"
exec "$vm/run.sh" -i "${vm_options[@]}" -s "$installed" -k "$image" \
	-o "$out/results/$base/vm"

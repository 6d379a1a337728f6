#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shell in the guest. Usage: vm.sh <base> stock|series plain|debug|kcsan|single|distro
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
prepare "$name" "$kernel"
mkdir -p "$out/results/$base"
exec "$vm/run.sh" -i "${vm_options[@]}" -s "$installed" -k "$image" \
	-o "$out/results/$base/vm"

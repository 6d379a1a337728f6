# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Packages of another suite of Debian than the machine's own, as files. Sourced after
# lib.sh.

private_apt()
{
	local tool=$1

	shift
	"$tool" -qq -o "Dir::Etc::sourcelist=$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" \
		-o APT::Sandbox::User= "$@"
}

# fetch_debs <directory> <suite> <what to do without it> <package>...: leaves *.deb
# there, from the machine's own Debian mirror, by an apt that has its sources, lists and
# cache there: the system's stay as they are.
fetch_debs()
{
	local dir=$1 suite=$2 instead=$3 mirror signed=''
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	shift 3
	need apt-get apt
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	mirror=$(find_mirror Debian)
	[ -n "$mirror" ] || die "apt knows no Debian mirror here" \
		"run apt-get update, or $instead"
	[ ! -f "$keyring" ] || signed=" [signed-by=$keyring]"
	echo "deb$signed $mirror $suite main" >"$dir/sources.list"
	msg "fetching $* from $suite"
	rm -f "$dir"/*.deb
	{
		private_apt apt-get update &&
			cd "$dir" && private_apt apt-get download "$@"
	} >"$dir/log" 2>&1 || {
		tail -n 5 "$dir/log" >&2
		die "$* could not be had from $suite" "see $dir/log, or $instead"
	}
}

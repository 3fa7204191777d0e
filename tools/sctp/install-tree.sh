#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install-tree.sh: copies the module into the kernel source tree KSRC= as
# net/rust_sctp, with include/uapi/linux/rust_sctp.h, and gives it its entry there.
# Two files of the tree are touched, net/Kconfig and net/Makefile, with one line
# each; running it again updates the copies and changes nothing else.
. "$(dirname "$0")/lib.sh"

[ -n "${KSRC:-}" ] || die "name the kernel source tree: make install-tree KSRC=<directory>"
[ -f "$KSRC/net/Kconfig" ] && [ -f "$KSRC/net/Makefile" ] || die "KSRC=$KSRC is no kernel source tree"
[ -d "$KSRC/rust/kernel" ] || die "KSRC=$KSRC has no Rust support"
command -v rsync >/dev/null || die "no rsync: Debian package rsync"

# add_line FILE AFTER LINE: once, behind the line that names the C module.
add_line() {
	local file=$KSRC/net/$1 after=$2 line=$3
	grep -qxF "$line" "$file" && return
	awk -v after="$after" -v line="$line" '
		{ print }
		!done && $0 ~ after { print line; done = 1 }
		END { exit !done }' "$file" >"$file.rust_sctp" ||
		{ rm -f "$file.rust_sctp" && die "no place found in $file"; }
	# Not moved over the original: it keeps its owner and mode.
	cat "$file.rust_sctp" >"$file"
	rm -f "$file.rust_sctp"
	echo "net/$1: $line"
}

rsync -a --delete --prune-empty-dirs --include='*/' \
	--include='*.rs' --include='*.c' --include='*.h' --include=Kbuild --include=Kconfig \
	--include=bindgen_parameters --exclude='*' \
	--exclude='*_generated.rs' "$TOP/net/sctp/" "$KSRC/net/rust_sctp/"
rsync -a "$TOP/include/uapi/linux/rust_sctp.h" "$KSRC/include/uapi/linux/"
add_line Kconfig '^source "net/sctp/Kconfig"' 'source "net/rust_sctp/Kconfig"'
add_line Makefile '^obj-.*sctp/$' 'obj-$(CONFIG_RUST_SCTP)	+= rust_sctp/'
echo "net/rust_sctp is in place: say CONFIG_RUST_SCTP=m, with CONFIG_IP_SCTP=m or off"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh [options] -- COMMAND...: boots a guest, runs the command in it as
# root and exits with its status, or with 1 if the guest itself found anything
# wrong: a splat in the kernel's log, a module that does not unload, something
# left behind, a time-out, a guest that ended without a verdict.
#
#   -f FLAVOUR        kernel: x86 (default) or debug in QEMU, um or um-debug in
#                     User Mode Linux
#   -m rust|c|none    the module that is loaded: ours, the kernel's, or none
#   -p                the payload itself loads the module
#   -n NAME           name of the run: its files are in build/run/NAME
#   -t SECONDS        time limit for the payload (600)
#   -c CPUS           number of processors (2)
#   -k                its clock counts instructions, a nanosecond each (QEMU only,
#                     one processor): what it measures does not depend on the host
#   -P PLUGIN         a plugin of QEMU's, with its arguments
#   -l listen:SOCKET  a link between two guests, seen as eth0 (QEMU only):
#   -l connect:SOCKET this end makes the Unix socket, the other connects
#   -s DIRECTORY      a directory that several guests share, $SHARED inside
#   -i                interactive: a shell instead of a command
#
# The guest has the host's root file system read-only, with scratch space over
# /tmp, /run and /var/tmp, and two processors; no network of the host.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp

flavour=${FLAVOUR:-x86} module=${MODULE:-$DEFAULT_MODULE} load=yes limit=600 cpus=2 interactive=no
name='' link='' shared='' icount=no plugin=''
while getopts f:m:pn:t:c:kP:l:s:i opt; do
	case $opt in
	f) flavour=$OPTARG ;;
	m) module=$OPTARG ;;
	p) load=no ;;
	n) name=$OPTARG ;;
	t) limit=$OPTARG ;;
	c) cpus=$OPTARG ;;
	k) icount=yes cpus=1 ;;
	P) plugin=$OPTARG ;;
	l) link=$OPTARG ;;
	s) shared=$OPTARG ;;
	i) interactive=yes ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ "$interactive" = yes ] || [ $# != 0 ] || die "no command given"

kdir=$("$here/build-kernel.sh" "$flavour")

# The .ko files to load, what they depend on first.
files=()
add_module() {
	local file=$1 deps dep path
	deps=$(modinfo -F depends "$file")
	for dep in ${deps//,/ }; do
		path=$(find "$kdir" -name "${dep//_/[-_]}.ko" -print -quit)
		[ -n "$path" ] || die "$file needs $dep, which the kernel in $kdir does not have"
		add_module "$path"
	done
	case " ${files[*]} " in *" $file "*) ;; *) files+=("$file") ;; esac
}
module_name=''
case $module in
rust)
	module_name=rust_sctp
	ko=$("$here/build-module.sh" "$flavour")
	add_module "$ko"
	;;
c)
	module_name=sctp
	add_module "$kdir/net/sctp/sctp.ko"
	;;
none) ;;
*) die "unknown module $module: rust, c or none" ;;
esac

run=$BUILD/run/${name:-$module-$flavour}
mkdir -p "$run"
exec {run_lock}>"$run/lock"
flock -n "$run_lock" || die "$run is in use by another guest"
rm -rf "$run/out" "$run/console.log" "$run/guest"
mkdir -p "$run/out"
shared=${shared:-$run/out}
console=$run/console.log

# An existing directory to mount things on, with nothing of ours below it.
mnt=''
for d in /mnt /media /srv /opt; do
	case $TOP/ in "$d"/*) continue ;; esac
	case $CACHE/ in "$d"/*) continue ;; esac
	if [ -d "$d" ]; then mnt=$d && break; fi
done
[ -n "$mnt" ] || die "no directory to mount on among /mnt /media /srv /opt"

{
	declare -p files
	printf 'export %s=%q\n' TOP "$TOP" CACHE "$CACHE" KDIR "$kdir" FLAVOUR "$flavour" \
		MODULE "$module" MODULE_NAME "$module_name" LOAD "$load" \
		TIMEOUT "$limit" INTERACTIVE "$interactive"
	echo 'MODULE_FILES=("${files[@]}")'
} >"$run/out/settings"
{
	echo '. "$TOP/tools/sctp/guest/lib.sh"'
	printf '%q ' "$@"
	echo
} >"$run/out/payload"

append="rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=262144,cache=loose root=/dev/root ro
	init=$here/guest/init.sh guest_mnt=$mnt oops=panic panic=-1 quiet loglevel=5 printk.time=1
	random.trust_cpu=on"

# Whether KVM works is only known by trying: /dev/kvm exists on machines whose
# virtualisation cannot run a kernel. What the trial said holds until reboot.
accelerator() {
	local answer result=tcg
	if [ -n "${ACCEL:-}" ]; then
		echo "$ACCEL"
		return
	fi
	answer=$CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)-$(id -u)
	if [ ! -s "$answer" ]; then
		if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
			say "does KVM work here? a trial boot of at most 10 s"
			# Without a root the kernel panics, and -no-reboot ends QEMU: it
			# is enough to have come that far.
			if timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu host -m 256M \
				-nodefaults -display none -no-reboot -serial stdio \
				-kernel "$kdir/arch/x86/boot/bzImage" \
				-append "console=ttyS0 panic=-1 root=/dev/none" </dev/null 2>/dev/null |
				grep -q 'Unable to mount root'; then
				result=kvm
			fi
			say "KVM: $([ "$result" = kvm ] && echo yes || echo "no, QEMU's own emulation (TCG) is used")"
		fi
		rm -f "$CACHE"/accel-*
		echo "$result" >"$answer"
	fi
	cat "$answer"
}

run_qemu() {
	local accel args smp="$cpus,sockets=$cpus,cores=1,threads=1"
	if [ "$icount" = yes ]; then accel=icount; else accel=$(accelerator); fi
	# QEMU leaves out the memory barriers of a guest that can never have a second processor,
	# but its devices run beside it: virtio's "there is something for you" gets lost.
	if [ "$cpus" = 1 ] && [ "$icount" = no ]; then smp="1,maxcpus=2,sockets=2,cores=1,threads=1"; fi
	# shellcheck disable=SC2054 # the commas are QEMU's
	args=(-m 2G -smp "$smp" -nodefaults -display none -no-reboot
		-kernel "$kdir/arch/x86/boot/bzImage"
		-serial "file:$console"
		-fsdev "local,id=root,path=/,readonly=on,security_model=none,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=/dev/root
		-fsdev "local,id=out,path=$run/out,security_model=none"
		-device virtio-9p-pci,fsdev=out,mount_tag=out
		-fsdev "local,id=shared,path=$shared,security_model=none"
		-device virtio-9p-pci,fsdev=shared,mount_tag=shared)
	case $accel in
	kvm) args+=(-accel kvm -cpu host) ;;
	tcg) args+=(-accel "tcg,thread=multi" -cpu max) ;;
	icount) args+=(-accel tcg -icount "shift=0,sleep=off" -cpu max) ;;
	*) args+=(-accel "$accel" -cpu max) ;;
	esac
	case $link in
	'') ;;
	listen:*) args+=(-netdev "stream,id=link,server=on,addr.type=unix,addr.path=${link#*:}") ;;
	connect:*) args+=(-netdev "stream,id=link,server=off,addr.type=unix,addr.path=${link#*:}") ;;
	*) die "unknown link $link" ;;
	esac
	if [ -n "$link" ]; then
		args+=(-device "virtio-net-pci,netdev=link,romfile=,mac=52:54:00:00:00:$([ "${link%%:*}" = listen ] && echo 01 || echo 02)")
	fi
	if [ -n "$plugin" ]; then args+=(-plugin "$plugin"); fi
	append+=" console=ttyS0 guest_out=9p guest_tty=ttyS1"
	# Under TCG the debug kernel spends minutes in ACPI's interpreter.
	if [ "$flavour" = debug ]; then append+=" acpi=off no5lvl"; fi
	if [ "$interactive" = yes ]; then
		qemu-system-x86_64 "${args[@]}" -serial mon:stdio -append "$append"
	else
		timeout --foreground -k 5 $((limit + 120)) qemu-system-x86_64 "${args[@]}" -serial stdio \
			-append "$append" </dev/null | sed -u 's/\r$//'
	fi
}

run_uml() {
	local args seccomp=auto
	[ -z "$link" ] || die "there is no link between guests for $flavour"
	# With the debug kernel every program dies at its first instruction in the
	# other mode, which several processors need.
	if is_debug "$flavour"; then seccomp=off cpus=1; fi
	# shellcheck disable=SC2054 # the commas are its channels'
	args=(mem=2G "ncpus=$cpus" "seccomp=$seccomp" "uml_dir=$run/" umid=uml
		rootfstype=hostfs rootflags=/ root=/dev/root ro "init=$here/guest/init.sh"
		"guest_mnt=$mnt" "guest_out=$run/out" "guest_shared=$shared" guest_tty=tty1
		panic=-1 oops=panic quiet loglevel=5 printk.time=1
		con=null con0=null,fd:2 con1=fd:0,fd:1 ssl=null)
	# Its memory is a file in /dev/shm, where containers have but little.
	if [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -lt 2200000 ] 2>/dev/null; then
		mkdir -p "$run/tmp"
		export TMPDIR=$run/tmp
	fi
	if [ "$interactive" = yes ]; then
		"$kdir/linux" "${args[@]}" 2>"$console"
	else
		timeout --foreground -k 5 $((limit + 60)) "$kdir/linux" "${args[@]}" </dev/null 2>"$console" | sed -u 's/\r$//'
	fi
}

# What must not be in a kernel's log.
SPLATS='WARNING:|BUG:|BUG |Oops|general protection fault|KASAN|UBSAN|Kernel panic'
SPLATS+='|INFO: task|blocked for more than|rcu: INFO:|detected stall|soft lockup|hard LOCKUP'
SPLATS+='|Attempt to release|suspicious RCU|possible recursive locking|possible circular locking|inconsistent lock state'
SPLATS+='|bad unlock balance|held lock freed|refcount_t:|ref_tracker:|unregister_netdevice: waiting'
SPLATS+='|ODEBUG:|sleeping function called|scheduling while atomic'
SPLATS+='|page allocation failure|Out of memory|rust_kernel: panicked|panicked at|Call Trace:'
# A tracker of references has no memory for one if a fault is injected just there.
EXPECTED='ref_tracker: memory allocation failure'

started=$SECONDS
ended=0
if is_um "$flavour"; then
	run_uml || ended=$?
else
	run_qemu || ended=$?
fi

rc=1 guest=failed
if [ -s "$run/out/status" ]; then
	read -r guest rc <"$run/out/status"
else
	printf 'guest: ended without a verdict after %d s (status %d); the end of its console:\n' \
		$((SECONDS - started)) "$ended"
	tail -n 40 "$console" | tr -d '\r'
fi
# The console has what the guest could not hand over any more when it died.
for log in "$run/out/kmsg" "$console"; do
	splat=$(grep -Eav "$EXPECTED" "$log" 2>/dev/null |
		grep -Ea -m 1 -B 5 -A 60 "$SPLATS" | tr -d '\r') || true
	if [ -n "$splat" ]; then
		echo "guest: the kernel's log has a splat ($log):"
		echo "$splat"
		guest=failed
		break
	fi
done
# What the guest found and what the payload found are told apart by this file.
echo "$guest" >"$run/guest"
if [ "$guest" != ok ] && [ "$rc" = 0 ]; then rc=1; fi
exit "$rc"

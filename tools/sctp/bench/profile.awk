# SPDX-License-Identifier: GPL-2.0
# Of two copies of what the plugin in profile.c counts, and kallsyms, all sorted by
# address: which functions most instructions were in between the two: their share,
# their instructions, their atomic ones, and how often they were called. With messages=
# also what each message took.
#
#	ADDRESS 0 FUNCTION [MODULE]
#	ADDRESS COPY INSTRUCTIONS ATOMICS RUNS		COPY is 1 or 2
function each(what, sum) {
	printf " %.1f %s", sum / messages, what
}

BEGIN {
	allocates = "^(kmem_cache_alloc(_lru|_node)?|__kmalloc(_cache|_cache_node|_node|_node_track_caller)?|__kvmalloc_node)_noprof "
	allocates_pages = "^__alloc_frozen_pages_noprof "
}

$2 == 0 {
	name = $3 " " $4
	start = $1
	next
}

{
	runs = strtonum("0x" $5) * ($2 == 1 ? -1 : 1)
	who = $1 < "ffff" ? "(user space)" : name
	n[who] += runs * strtonum("0x" $3)
	atomics[who] += runs * strtonum("0x" $4)
	if ($1 == start) calls[who] += runs
}

END {
	for (i in n) {
		all += n[i]
		if (i != "(user space)") all_atomics += atomics[i]
		if (i ~ /\[(rust_)?sctp\]$/) module += n[i]
		if (i ~ allocates) objects += calls[i]
		if (i ~ allocates_pages) pages += calls[i]
	}
	if (messages > 0) {
		printf "each of %d messages:", messages
		each("instructions,", all)
		each("of them in the kernel,", all - n["(user space)"])
		each("in the module,", module)
		each("atomic ones there,", all_atomics)
		each("allocations of objects,", objects)
		each("of pages\n", pages)
	}
	print "  share instructions   atomics     calls function"
	sort = "sort -rn | sed -n 1,60p"
	printf "100.0 %% %12d %9d %9s all\n", all, all_atomics, "" | sort
	for (i in n)
		printf "%5.1f %% %12d %9d %9d %s\n", n[i] * 100 / all, n[i], atomics[i], calls[i], i | sort
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the other programs that measure do by themselves, for scripts: says that
 * measuring begins, or ends.
 *
 *	sctp_mark begin|end
 */
#include "sctp_bench.h"

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "begin"))
		start_clock();
	else if (argc == 2 && !strcmp(argv[1], "end"))
		stop_clock(0);
	else
		return 2;
	return 0;
}

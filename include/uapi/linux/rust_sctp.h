/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What rust_sctp has of RFC 6458 and <linux/sctp.h> has no numbers for. These
 * are rust_sctp's own, and no other SCTP of Linux knows them. Should Linux
 * assign some, they will be taken, and these be known besides.
 */
#ifndef _UAPI_LINUX_RUST_SCTP_H
#define _UAPI_LINUX_RUST_SCTP_H

/*
 * Option of level SOL_SCTP, an int: whether a message ends only with a call
 * that says so, by SCTP_EOR or MSG_EOR (RFC 6458, 8.1.26). Far from those of
 * <linux/sctp.h>.
 */
#define SCTP_EXPLICIT_EOR	1000

/*
 * In sinfo_flags and snd_flags. A bit that enum sctp_sinfo_flags and the
 * policies of partial reliability leave free; the same one as in FreeBSD.
 */
#define SCTP_EOR		0x2000

#endif /* _UAPI_LINUX_RUST_SCTP_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * sctp_fail_nth: each system call of a list with its first allocation or access to
 * user memory failing, then with its second, and so on, until one does not fail
 * any more. It must say one of the errors for that, and succeed when it is made
 * again, on the same socket, as if nothing had been.
 *
 * The kernel's part is /proc/thread-self/fail-nth; what may fail is set up by
 * soak/fail_nth.sh.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sctp.h>
#include "kselftest.h"

#define LARGE		100000
#define SMALL		500
#define TIMEOUT		20000
/* More allocations than any of these calls makes. */
#define LIMIT		2000

/* The sockets that a call finds, new ones for each. */
struct world {
	struct sockaddr_in6 addr;	/* of the listener */
	socklen_t len;
	int listener;		/* of the style */
	int a, z;		/* an association, if the call wants one */
	int fresh;		/* a socket that nothing was done with */
	int result;		/* what a call has made */
};

static int style, family;
static int nth;
static const char *now;
static unsigned char sent[LARGE], got[LARGE];

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "sctp_fail_nth: %s, %s, IPv%c, %d: ", now,
		style == SOCK_STREAM ? "one-to-one" : "one-to-many",
		family == AF_INET ? '4' : '6', nth);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

static int new_socket(void)
{
	struct sctp_rtoinfo rto = {
		.srto_initial = 50, .srto_min = 50, .srto_max = 200,
	};
	int fd = socket(family, style, IPPROTO_SCTP), large = 4 * LARGE;

	if (fd < 0 || setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large)))
		fail("a socket");
	return fd;
}

static void ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, TIMEOUT) != 1)
		fail("nothing comes");
}

static void set_up(struct world *w, bool connected)
{
	struct sockaddr_in *sin = (void *)&w->addr;

	memset(w, 0, sizeof(*w));
	w->a = -1;
	w->z = -1;
	w->result = -1;
	if (family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		w->len = sizeof(*sin);
	} else {
		w->addr.sin6_family = AF_INET6;
		w->addr.sin6_addr = in6addr_loopback;
		w->len = sizeof(w->addr);
	}
	w->listener = new_socket();
	if (bind(w->listener, (void *)&w->addr, w->len) || listen(w->listener, 5) ||
	    getsockname(w->listener, (void *)&w->addr, &w->len))
		fail("listener");
	w->fresh = new_socket();
	if (!connected)
		return;
	w->a = new_socket();
	if (connect(w->a, (void *)&w->addr, w->len))
		fail("connect");
	w->z = style == SOCK_STREAM ? accept(w->listener, NULL, NULL) : w->listener;
	if (w->z < 0)
		fail("accept");
}

static void tear_down(struct world *w)
{
	close(w->fresh);
	close(w->a);
	if (w->z != w->listener)
		close(w->z);
	close(w->listener);
	close(w->result);
}

/* The calls: 0 or a negative errno. */
static int err(long result)
{
	return result < 0 ? -errno : 0;
}

static int do_socket(struct world *w)
{
	w->result = socket(family, style, IPPROTO_SCTP);
	return err(w->result);
}

static int do_bind(struct world *w)
{
	struct sockaddr_in6 addr = w->addr;

	addr.sin6_port = 0;
	return err(bind(w->fresh, (void *)&addr, w->len));
}

static int do_bindx(struct world *w)
{
	struct sockaddr_in6 addr = w->addr;

	addr.sin6_port = 0;
	return err(setsockopt(w->fresh, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD,
			      &addr, w->len));
}

static int do_listen(struct world *w)
{
	return err(listen(w->fresh, 5));
}

static int do_connect(struct world *w)
{
	return err(connect(w->fresh, (void *)&w->addr, w->len));
}

static int do_connectx(struct world *w)
{
	return err(setsockopt(w->fresh, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX,
			      &w->addr, w->len));
}

static int do_accept(struct world *w)
{
	w->result = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK);
	return err(w->result);
}

static int do_peeloff(struct world *w)
{
	uint32_t ids[8] = {};
	sctp_peeloff_arg_t arg = {};
	socklen_t len = sizeof(ids);

	if (getsockopt(w->a, IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, ids, &len))
		return err(-1);
	arg.associd = ids[1];
	len = sizeof(arg);
	if (getsockopt(w->a, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF, &arg, &len) < 0)
		return err(-1);
	w->result = arg.sd;
	return 0;
}

static int send_to(struct world *w, int fd, size_t size, bool named)
{
	struct sctp_sndinfo info = { .snd_sid = 1, .snd_ppid = nth };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(info))];
	} control = {};
	struct iovec iov = { sent, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	if (named) {
		msg.msg_name = &w->addr;
		msg.msg_namelen = w->len;
	}
	control.align.cmsg_level = IPPROTO_SCTP;
	control.align.cmsg_type = SCTP_SNDINFO;
	control.align.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.align), &info, sizeof(info));
	return err(sendmsg(fd, &msg, MSG_NOSIGNAL));
}

static int do_send(struct world *w)
{
	return send_to(w, w->a, SMALL, style == SOCK_SEQPACKET);
}

static int do_send_large(struct world *w)
{
	return send_to(w, w->a, LARGE, style == SOCK_SEQPACKET);
}

static int do_send_first(struct world *w)
{
	return send_to(w, w->fresh, SMALL, true);
}

static int do_recv(struct world *w)
{
	char control[512];
	struct sockaddr_in6 from;
	struct iovec iov = { got, sizeof(got) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	memset(got, 0, sizeof(got));
	n = recvmsg(w->z, &msg, 0);
	if (n < 0)
		return err(n);
	if (n != SMALL || !(msg.msg_flags & MSG_EOR) || memcmp(got, sent, n))
		fail("%zd bytes were received that were not sent", n);
	return 0;
}

static int do_options(struct world *w)
{
	static const int names[] = {
		SCTP_STATUS, SCTP_PEER_ADDR_PARAMS, SCTP_RTOINFO,
		SCTP_GET_PEER_ADDRS, SCTP_GET_LOCAL_ADDRS,
		SCTP_GET_ASSOC_STATS, SCTP_GET_ASSOC_ID_LIST,
	};
	struct sctp_assocparams params = { .sasoc_asocmaxrxt = 7 };
	uint32_t ids[8] = {};
	socklen_t len = sizeof(ids);
	unsigned int i;

	if (getsockopt(w->a, IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, ids, &len))
		return err(-1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned char value[1024] = {};

		len = sizeof(value);
		if (style == SOCK_SEQPACKET)
			memcpy(value, &ids[1], sizeof(ids[1]));
		if (getsockopt(w->a, IPPROTO_SCTP, names[i], value, &len))
			return err(-1);
	}
	return err(setsockopt(w->a, IPPROTO_SCTP, SCTP_ASSOCINFO, &params, sizeof(params)));
}

static int do_shutdown(struct world *w)
{
	return err(shutdown(w->a, SHUT_WR));
}

static int do_close(struct world *w)
{
	int fd = w->a;

	w->a = -1;
	return fd < 0 ? 0 : err(close(fd));
}

/* What must be true after it has succeeded. */
static void arrived(struct world *w, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t more;

		ready(w->z < 0 ? w->listener : w->z, POLLIN);
		more = recv(w->z < 0 ? w->listener : w->z, got + n, size - n, MSG_DONTWAIT);
		if (more <= 0)
			fail("%zu of %zu bytes arrived, then %zd", n, size, more);
		n += more;
	}
	if (memcmp(got, sent, size))
		fail("other bytes arrived than were sent");
	if (recv(w->z < 0 ? w->listener : w->z, got, sizeof(got), MSG_DONTWAIT) >= 0)
		fail("more arrived than was sent");
}

static void then_small(struct world *w) { arrived(w, SMALL); }
static void then_large(struct world *w) { arrived(w, LARGE); }

static void then_end(struct world *w)
{
	if (style == SOCK_SEQPACKET)
		return;
	ready(w->z, POLLIN);
	if (recv(w->z, got, sizeof(got), MSG_DONTWAIT) != 0)
		fail("no end");
}

/* What must have happened before. */
static void before_accept(struct world *w)
{
	if (connect(w->fresh, (void *)&w->addr, w->len))
		fail("connect");
	ready(w->listener, POLLIN);
}

static void before_recv(struct world *w)
{
	if (do_send(w))
		fail("send");
	ready(w->z, POLLIN);
}

static const struct call {
	const char *name;
	int style;		/* 0: both */
	bool connected;
	void (*before)(struct world *w);
	int (*act)(struct world *w);
	void (*then)(struct world *w);
} calls[] = {
	{ "socket", 0, false, NULL, do_socket, NULL },
	{ "bind", 0, false, NULL, do_bind, NULL },
	{ "bindx", 0, false, NULL, do_bindx, NULL },
	{ "listen", 0, false, NULL, do_listen, NULL },
	{ "connect", 0, false, NULL, do_connect, NULL },
	{ "connectx", 0, false, NULL, do_connectx, NULL },
	{ "accept", SOCK_STREAM, false, before_accept, do_accept, NULL },
	{ "peeloff", SOCK_SEQPACKET, true, NULL, do_peeloff, NULL },
	{ "send", 0, true, NULL, do_send, then_small },
	{ "send a large one", 0, true, NULL, do_send_large, then_large },
	{ "send to somebody new", SOCK_SEQPACKET, false, NULL, do_send_first, then_small },
	{ "recv", 0, true, before_recv, do_recv, NULL },
	{ "options", 0, true, NULL, do_options, NULL },
	{ "shutdown", SOCK_STREAM, true, NULL, do_shutdown, then_end },
	{ "close", 0, true, NULL, do_close, then_end },
};

static int fail_nth_fd;

static void arm(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth_fd, text, len, 0) != len)
		fail("fail-nth");
}

/* Whether the fault has happened. */
static bool disarm(void)
{
	char text[16] = {};

	if (pread(fail_nth_fd, text, sizeof(text) - 1, 0) <= 0)
		fail("fail-nth");
	if (atoi(text))
		arm(0);
	return !atoi(text);
}

static bool is_expected(int error)
{
	switch (-error) {
	case ENOMEM:
	case ENOBUFS:
	case EFAULT:
	case ENFILE:
	/* The route or the port cannot be had, for want of memory. */
	case EADDRINUSE:
		return true;
	}
	return false;
}

static int sweep(const struct call *call)
{
	int faults = 0, errors = 0;

	now = call->name;
	for (nth = 1; nth < LIMIT; nth++) {
		struct world w;
		bool happened;
		int error;

		set_up(&w, call->connected);
		if (call->before)
			call->before(&w);
		arm(nth);
		error = call->act(&w);
		happened = disarm();
		if (error && !happened)
			fail("an error without a fault: %d", -error);
		faults += happened;
		errors += !!error;
		if (error) {
			if (!is_expected(error))
				fail("not an error for that: %d", -error);
			error = call->act(&w);
			if (error)
				fail("fails again: %d", -error);
		}
		if (call->then)
			call->then(&w);
		tear_down(&w);
		if (!happened)
			break;
	}
	if (nth == LIMIT)
		fail("there is no end of it");
	printf("%s, %s, IPv%c: %d faults, %d errors\n", call->name,
	       style == SOCK_STREAM ? "one-to-one" : "one-to-many",
	       family == AF_INET ? '4' : '6', faults, errors);
	fflush(stdout);
	return faults;
}

int main(int argc, char **argv)
{
	static const int styles[] = { SOCK_STREAM, SOCK_SEQPACKET };
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int i, s, f;
	int faults = 0;

	now = "start";
	fail_nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth_fd < 0)
		fail("/proc/thread-self/fail-nth");
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = i * 31 >> 3;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		for (s = 0; s < 2; s++)
			for (f = 0; f < 2; f++) {
				style = styles[s];
				family = families[f];
				if (calls[i].style && calls[i].style != style)
					continue;
				if (argc > 1 && strcmp(argv[1], calls[i].name))
					continue;
				faults += sweep(&calls[i]);
			}
	now = "end";
	if (!faults)
		fail("nothing has failed: are the faults set up?");
	return 0;
}

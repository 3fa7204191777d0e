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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/rust_sctp.h>
#include <linux/sctp.h>
#include "kselftest.h"

#define LARGE		100000
#define SMALL		500
#define PARTS		4
#define TIMEOUT		20000
/* More allocations than any of these calls makes. */
#define LIMIT		2000

/* The sockets that a call finds, new ones for each. */
struct world {
	struct sockaddr_in6 addr;	/* of the listener */
	struct sockaddr_in6 other;	/* of nobody, with the same port */
	socklen_t len;
	int listener;		/* of the style */
	int a, z;		/* an association, if the call wants one */
	int fresh;		/* a socket that nothing was done with */
	int result;		/* what a call has made */
	int clients[3], taken[3];	/* more of them, and what was accepted */
	int done;		/* of several calls, how many have succeeded */
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
	memset(w->clients, -1, sizeof(w->clients));
	memset(w->taken, -1, sizeof(w->taken));
	if (family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		w->len = sizeof(*sin);
		sin = (void *)&w->other;
		inet_pton(AF_INET, "10.9.0.1", &sin->sin_addr);
	} else {
		w->addr.sin6_family = AF_INET6;
		w->addr.sin6_addr = in6addr_loopback;
		w->len = sizeof(w->addr);
		inet_pton(AF_INET6, "fd09::1", &w->other.sin6_addr);
	}
	w->listener = new_socket();
	if (bind(w->listener, (void *)&w->addr, w->len) || listen(w->listener, 5) ||
	    getsockname(w->listener, (void *)&w->addr, &w->len))
		fail("listener");
	w->other.sin6_family = family;
	w->other.sin6_port = w->addr.sin6_port;
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
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(w->clients); i++) {
		close(w->clients[i]);
		close(w->taken[i]);
	}
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

/* As they are packed for the calls that take several. */
struct two {
	unsigned char bytes[2 * sizeof(struct sockaddr_in6)];
	socklen_t len;
};

static struct two two_addresses(const struct world *w, uint16_t port)
{
	struct sockaddr_in6 addr = w->addr, other = w->other;
	struct two two = { .len = 2 * w->len };

	addr.sin6_port = port;
	other.sin6_port = port;
	memcpy(two.bytes, &addr, w->len);
	memcpy(two.bytes + w->len, &other, w->len);
	return two;
}

static int do_bindx(struct world *w)
{
	struct two two = two_addresses(w, 0);

	return err(setsockopt(w->fresh, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD,
			      two.bytes, two.len));
}

static int do_bindx_rem(struct world *w)
{
	struct sockaddr_in6 addr = {};
	socklen_t len = w->len;

	if (getsockname(w->fresh, (void *)&addr, &len))
		return err(-1);
	w->other.sin6_port = addr.sin6_port;
	return err(setsockopt(w->fresh, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_REM,
			      &w->other, w->len));
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

static int do_connectx_two(struct world *w)
{
	struct two two = two_addresses(w, w->addr.sin6_port);

	return err(setsockopt(w->fresh, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX,
			      two.bytes, two.len));
}

static int do_accept_several(struct world *w)
{
	for (; w->done < (int)ARRAY_SIZE(w->taken); w->done++) {
		w->taken[w->done] = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK);
		if (w->taken[w->done] < 0)
			return err(-1);
	}
	return 0;
}

static int do_accept(struct world *w)
{
	w->result = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK);
	return err(w->result);
}

/* The id of the association of @fd, for which a one-to-one socket needs none. */
static int id_of(int fd, sctp_assoc_t *id)
{
	sctp_assoc_t ids[8] = {};
	socklen_t len = sizeof(ids);

	*id = 0;
	if (style == SOCK_STREAM)
		return 0;
	if (getsockopt(fd, IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, ids, &len))
		return err(-1);
	*id = ids[1];
	return 0;
}

static int do_peeloff(struct world *w)
{
	sctp_peeloff_arg_t arg = {};
	socklen_t len = sizeof(arg);
	int error;

	error = id_of(w->a, &arg.associd);
	if (error)
		return error;
	if (getsockopt(w->a, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF, &arg, &len) < 0)
		return err(-1);
	w->result = arg.sd;
	return 0;
}

/* A control message more, in the order in which they are put. */
static void put(struct msghdr *msg, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (void *)((char *)msg->msg_control + msg->msg_controllen);

	c->cmsg_level = IPPROTO_SCTP;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

struct sending {
	const void *bytes;
	size_t size;
	bool named, all_kinds;
	int flags, msg_flags;
};

static int send_to(struct world *w, int fd, const struct sending *s)
{
	struct sctp_sndinfo info = {
		.snd_sid = 1, .snd_ppid = nth, .snd_flags = s->flags,
	};
	struct sctp_prinfo prinfo = {
		.pr_policy = SCTP_PR_SCTP_TTL, .pr_value = 10 * TIMEOUT,
	};
	struct sctp_initmsg init = { .sinit_num_ostreams = 5 };
	union {
		struct cmsghdr align;
		char space[512];
	} control = {};
	struct iovec iov = { (void *)s->bytes, s->size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	};

	if (s->named) {
		msg.msg_name = &w->addr;
		msg.msg_namelen = w->len;
	}
	put(&msg, SCTP_SNDINFO, &info, sizeof(info));
	if (s->all_kinds) {
		put(&msg, SCTP_PRINFO, &prinfo, sizeof(prinfo));
		put(&msg, SCTP_INIT, &init, sizeof(init));
		if (family == AF_INET)
			put(&msg, SCTP_DSTADDRV4, &((struct sockaddr_in *)&w->other)->sin_addr,
			    sizeof(struct in_addr));
		else
			put(&msg, SCTP_DSTADDRV6, &w->other.sin6_addr,
			    sizeof(struct in6_addr));
	}
	return err(sendmsg(fd, &msg, MSG_NOSIGNAL | s->msg_flags));
}

static int do_send(struct world *w)
{
	return send_to(w, w->a, &(struct sending){
		.bytes = sent, .size = SMALL, .named = style == SOCK_SEQPACKET });
}

static int do_send_large(struct world *w)
{
	return send_to(w, w->a, &(struct sending){
		.bytes = sent, .size = LARGE, .named = style == SOCK_SEQPACKET });
}

static int do_send_first(struct world *w)
{
	return send_to(w, w->fresh, &(struct sending){
		.bytes = sent, .size = SMALL, .named = true });
}

static int do_send_cmsgs(struct world *w)
{
	return send_to(w, w->fresh, &(struct sending){
		.bytes = sent, .size = SMALL, .named = true, .all_kinds = true });
}

/* From the listener to both of its clients. */
static int do_send_all(struct world *w)
{
	return send_to(w, w->listener, &(struct sending){
		.bytes = sent, .size = SMALL, .flags = SCTP_SENDALL });
}

static int do_send_parts(struct world *w)
{
	const size_t part = LARGE / PARTS;
	int error;

	for (; w->done < PARTS; w->done++) {
		error = send_to(w, w->a, &(struct sending){
			.bytes = sent + w->done * part, .size = part,
			.named = style == SOCK_SEQPACKET,
			.msg_flags = w->done == PARTS - 1 ? MSG_EOR : 0 });
		if (error)
			return error;
	}
	return 0;
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
		SCTP_GET_ASSOC_STATS,
	};
	struct sctp_assocparams params = { .sasoc_asocmaxrxt = 7 };
	sctp_assoc_t id;
	socklen_t len;
	unsigned int i;
	int error;

	error = id_of(w->a, &id);
	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned char value[1024] = {};

		len = sizeof(value);
		memcpy(value, &id, sizeof(id));
		if (getsockopt(w->a, IPPROTO_SCTP, names[i], value, &len))
			return err(-1);
	}
	return err(setsockopt(w->a, IPPROTO_SCTP, SCTP_ASSOCINFO, &params, sizeof(params)));
}

static int do_set_options(struct world *w)
{
	static const struct sctp_rtoinfo rto = {
		.srto_initial = 60, .srto_min = 60, .srto_max = 300,
	};
	static const struct sctp_paddrparams path = {
		.spp_hbinterval = 1000, .spp_flags = SPP_HB_ENABLE,
	};
	static const struct sctp_sndinfo sndinfo = { .snd_ppid = 7 };
	static const struct sctp_default_prinfo prinfo = {
		.pr_policy = SCTP_PR_SCTP_TTL, .pr_value = 10000,
	};
	static const struct sctp_event event = {
		.se_type = SCTP_SENDER_DRY_EVENT, .se_on = 1,
	};
	static const struct sctp_sack_info sack = { .sack_delay = 100, .sack_freq = 3 };
	static const struct sctp_assoc_value maxseg = { .assoc_value = 1000 };
	static const struct sctp_assoc_value schedule = { .assoc_value = SCTP_SS_PRIO };
	static const struct sctp_stream_value prio = { .stream_id = 1, .stream_value = 3 };
	/* In most, the id comes first. */
	static const struct {
		int name;
		const void *value;
		socklen_t len;
		size_t id;
	} options[] = {
		{ SCTP_RTOINFO, &rto, sizeof(rto), 0 },
		{ SCTP_PEER_ADDR_PARAMS, &path, sizeof(path), 0 },
		{ SCTP_DEFAULT_SNDINFO, &sndinfo, sizeof(sndinfo),
		  offsetof(struct sctp_sndinfo, snd_assoc_id) },
		{ SCTP_DEFAULT_PRINFO, &prinfo, sizeof(prinfo),
		  offsetof(struct sctp_default_prinfo, pr_assoc_id) },
		{ SCTP_EVENT, &event, sizeof(event), 0 },
		{ SCTP_DELAYED_SACK, &sack, sizeof(sack), 0 },
		{ SCTP_MAXSEG, &maxseg, sizeof(maxseg), 0 },
		{ SCTP_STREAM_SCHEDULER, &schedule, sizeof(schedule), 0 },
		{ SCTP_STREAM_SCHEDULER_VALUE, &prio, sizeof(prio), 0 },
	};
	unsigned int i;
	sctp_assoc_t id;
	int error;

	error = id_of(w->a, &id);
	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		unsigned char value[512];

		memcpy(value, options[i].value, options[i].len);
		memcpy(value + options[i].id, &id, sizeof(id));
		if (setsockopt(w->a, IPPROTO_SCTP, options[i].name, value,
			       options[i].len))
			return err(-1);
	}
	return 0;
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
static void arrived_at(int fd, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t more;

		ready(fd, POLLIN);
		more = recv(fd, got + n, size - n, MSG_DONTWAIT);
		if (more <= 0)
			fail("%zu of %zu bytes arrived, then %zd", n, size, more);
		n += more;
	}
	if (memcmp(got, sent, size))
		fail("other bytes arrived than were sent");
}

static void arrived(struct world *w, size_t size)
{
	int fd = w->z < 0 ? w->listener : w->z;

	arrived_at(fd, size);
	if (recv(fd, got, sizeof(got), MSG_DONTWAIT) >= 0)
		fail("more arrived than was sent");
}

/* The first one that fails ends it: those before may get the message again. */
static void then_all(struct world *w)
{
	struct pollfd again = { .fd = w->a, .events = POLLIN };

	arrived_at(w->a, SMALL);
	arrived_at(w->fresh, SMALL);
	if (poll(&again, 1, 0) == 1)
		arrived_at(w->a, SMALL);
}

static void then_one_address(struct world *w)
{
	struct sctp_getaddrs *addrs = (void *)got;
	socklen_t len = sizeof(*addrs) + 4 * sizeof(struct sockaddr_in6);

	memset(got, 0, len);
	if (getsockopt(w->fresh, IPPROTO_SCTP, SCTP_GET_LOCAL_ADDRS, addrs, &len) ||
	    addrs->addr_num != 1)
		fail("%u addresses", addrs->addr_num);
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

static void before_accept_several(struct world *w)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(w->clients); i++) {
		w->clients[i] = new_socket();
		if (connect(w->clients[i], (void *)&w->addr, w->len))
			fail("connect");
	}
	ready(w->listener, POLLIN);
}

/* Without memory for one address, the other one is tried. */
static void before_two_addresses(struct world *w)
{
	if (setsockopt(w->listener, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD,
		       &w->other, w->len))
		fail("bindx");
}

static void before_bindx_rem(struct world *w)
{
	if (do_bindx(w))
		fail("bindx");
}

static void before_send_all(struct world *w)
{
	if (connect(w->fresh, (void *)&w->addr, w->len))
		fail("connect");
}

static void before_send_parts(struct world *w)
{
	int on = 1;

	if (setsockopt(w->a, IPPROTO_SCTP, SCTP_EXPLICIT_EOR, &on, sizeof(on)))
		fail("SCTP_EXPLICIT_EOR");
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
	{ "bindx that removes", 0, false, before_bindx_rem, do_bindx_rem, then_one_address },
	{ "listen", 0, false, NULL, do_listen, NULL },
	{ "connect", 0, false, NULL, do_connect, NULL },
	{ "connectx", 0, false, NULL, do_connectx, NULL },
	{ "connectx with two addresses", 0, false, before_two_addresses, do_connectx_two, NULL },
	{ "accept", SOCK_STREAM, false, before_accept, do_accept, NULL },
	{ "accept several", SOCK_STREAM, false, before_accept_several, do_accept_several, NULL },
	{ "peeloff", SOCK_SEQPACKET, true, NULL, do_peeloff, NULL },
	{ "send", 0, true, NULL, do_send, then_small },
	{ "send a large one", 0, true, NULL, do_send_large, then_large },
	{ "send to somebody new", SOCK_SEQPACKET, false, NULL, do_send_first, then_small },
	{ "send with control messages", SOCK_SEQPACKET, false, before_two_addresses, do_send_cmsgs, then_small },
	{ "send to all", SOCK_SEQPACKET, true, before_send_all, do_send_all, then_all },
	{ "send in parts", 0, true, before_send_parts, do_send_parts, then_large },
	{ "recv", 0, true, before_recv, do_recv, NULL },
	{ "options", 0, true, NULL, do_options, NULL },
	{ "options that are set", 0, true, NULL, do_set_options, NULL },
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

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the SCTP socket tests share: the variants every test runs in, a network
 * namespace with nothing but loopback, a connected pair of either socket
 * style, and send and receive calls with their ancillary data.
 *
 * A helper that cannot do its work fails the test at once. Nothing here waits
 * by sleeping: whoever waits polls a descriptor or a condition against a
 * deadline, WAIT_MS.
 */
#ifndef SCTP_UTIL_H
#define SCTP_UTIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sctp.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "sctp_addr.h"

#ifndef SOL_SCTP
#define SOL_SCTP IPPROTO_SCTP
#endif

/* The longest wait for something that must happen. */
#define WAIT_MS		15000

#define SCTP_FIXTURE_VARIANT(fixture)					\
	FIXTURE_VARIANT(fixture) { struct flavour fl; }

#define SCTP_VARIANTS_STYLE(fixture, style, socket_type)		\
	FIXTURE_VARIANT_ADD(fixture, ipv4_##style)			\
		{ .fl = { TEST_IPV4, socket_type } };			\
	FIXTURE_VARIANT_ADD(fixture, ipv6_##style)			\
		{ .fl = { TEST_IPV6, socket_type } };			\
	FIXTURE_VARIANT_ADD(fixture, mapped_##style)			\
		{ .fl = { TEST_MAPPED, socket_type } }

#define SCTP_VARIANTS_ONE_TO_ONE(fixture)				\
	SCTP_VARIANTS_STYLE(fixture, one_to_one, SOCK_STREAM)

#define SCTP_VARIANTS_ONE_TO_MANY(fixture)				\
	SCTP_VARIANTS_STYLE(fixture, one_to_many, SOCK_SEQPACKET)

#define SCTP_VARIANTS(fixture)						\
	SCTP_VARIANTS_ONE_TO_ONE(fixture);				\
	SCTP_VARIANTS_ONE_TO_MANY(fixture)

/* One side of an association. The id is of no use on a one-to-one socket. */
struct end {
	int fd;
	sctp_assoc_t id;
};

/* A socket of its own for an association of a one-to-many socket. */
static inline int peel_off(struct __test_metadata *_metadata,
			   const struct end *end)
{
	sctp_peeloff_arg_t arg = { .associd = end->id };
	socklen_t len = sizeof(arg);

	ASSERT_LE(0, getsockopt(end->fd, SOL_SCTP, SCTP_SOCKOPT_PEELOFF, &arg,
				&len));
	return arg.sd;
}

/*
 * An established association. One-to-one: server.fd is the accepted socket.
 * One-to-many: server.fd and listener are the same descriptor.
 */
struct pair {
	int listener;
	struct end client;
	struct end server;
	union test_addr addr;	/* where the listener is */
};

/* What came with a message. */
struct rx {
	ssize_t len;
	int flags;
	union test_addr from;
	socklen_t from_len;
	size_t control_len;
	int cmsgs;		/* how many there were */
	bool has_rcvinfo;
	bool has_sndrcv;
	bool has_nxtinfo;
	struct sctp_rcvinfo rcvinfo;
	struct sctp_sndrcvinfo sndrcv;
	struct sctp_nxtinfo nxtinfo;
};

static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Is it the C implementation that is loaded? For the few tests that it is
 * known to fail, each of which says why.
 */
static inline bool is_c_module(void)
{
	return !access("/sys/module/sctp", F_OK);
}

static inline bool one_to_one(const struct flavour *fl)
{
	return fl->type == SOCK_STREAM;
}

static inline void write_sysctl(struct __test_metadata *_metadata,
				const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	ASSERT_LE(0, fd)
		TH_LOG("open %s: %s", path, strerror(errno));
	ASSERT_EQ((ssize_t)strlen(value), write(fd, value, strlen(value)))
		TH_LOG("write %s: %s", path, strerror(errno));
	close(fd);
}

/*
 * A namespace of the test's own, loopback up. The MTU of loopback is brought
 * to what a network has, unless the test asks for another (0: as it comes).
 */
static inline void enter_netns_mtu(struct __test_metadata *_metadata, int mtu)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	if (geteuid())
		SKIP(exit(KSFT_SKIP), "need root for a network namespace");
	ASSERT_EQ(0, unshare(CLONE_NEWNET))
		TH_LOG("unshare: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	if (mtu) {
		ifr.ifr_mtu = mtu;
		ASSERT_EQ(0, ioctl(fd, SIOCSIFMTU, &ifr));
	}
	ASSERT_EQ(0, ioctl(fd, SIOCGIFFLAGS, &ifr));
	ifr.ifr_flags |= IFF_UP;
	ASSERT_EQ(0, ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
}

static inline void enter_netns(struct __test_metadata *_metadata)
{
	enter_netns_mtu(_metadata, 1500);
}

/* Runs ip(8) and asserts that it succeeded. */
static inline void run_ip(struct __test_metadata *_metadata, const char *args)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "ip %s", args);
	ASSERT_EQ(0, system(cmd))
		TH_LOG("%s failed", cmd);
}

/* One of a device's offloads: @which is ETHTOOL_SGSO or the like. */
static inline void set_offload(struct __test_metadata *_metadata,
			       const char *device, int which, bool on)
{
	struct ethtool_value value = { .cmd = which, .data = on };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, device);
	ASSERT_EQ(0, ioctl(fd, SIOCETHTOOL, &ifr));
	close(fd);
}

/*
 * A network whose other hosts never answer: a dummy device swallows what it
 * is given. black_hole() is the address of such a host.
 */
static inline void add_black_hole(struct __test_metadata *_metadata)
{
	run_ip(_metadata, "link add hole type dummy");
	run_ip(_metadata, "addr add 192.0.2.1/24 dev hole");
	run_ip(_metadata, "-6 addr add 2001:db8::1/64 dev hole nodad");
	run_ip(_metadata, "link set hole up");
}

static inline union test_addr black_hole(const struct flavour *fl, uint16_t port)
{
	return make_addr(fl, "192.0.2.2", "2001:db8::2", port);
}

static inline int open_socket(struct __test_metadata *_metadata,
			      const struct flavour *fl)
{
	int fd = socket(domain_of(fl), fl->type, IPPROTO_SCTP);

	ASSERT_LE(0, fd)
		TH_LOG("socket: %s", strerror(errno));
	return fd;
}

static inline int bound_socket(struct __test_metadata *_metadata,
			       const struct flavour *fl, union test_addr *addr)
{
	int fd = open_socket(_metadata, fl);
	union test_addr any = loopback(fl, 0);
	socklen_t len = sizeof(*addr);

	ASSERT_EQ(0, bind(fd, &any.sa, addr_len(&any)))
		TH_LOG("bind: %s", strerror(errno));
	ASSERT_EQ(0, getsockname(fd, &addr->sa, &len));
	return fd;
}

static inline int listening_socket(struct __test_metadata *_metadata,
				   const struct flavour *fl,
				   union test_addr *addr)
{
	int fd = bound_socket(_metadata, fl, addr);

	ASSERT_EQ(0, listen(fd, 16))
		TH_LOG("listen: %s", strerror(errno));
	return fd;
}

/* An address of loopback that no socket is bound to. */
static inline union test_addr free_addr(struct __test_metadata *_metadata,
					const struct flavour *fl)
{
	union test_addr addr;

	close(bound_socket(_metadata, fl, &addr));
	return addr;
}

static inline void set_int(struct __test_metadata *_metadata, int fd, int level,
			   int name, int value)
{
	ASSERT_EQ(0, setsockopt(fd, level, name, &value, sizeof(value)))
		TH_LOG("setsockopt(%d, %d): %s", level, name, strerror(errno));
}

static inline int get_int(struct __test_metadata *_metadata, int fd, int level,
			  int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	ASSERT_EQ(0, getsockopt(fd, level, name, &value, &len))
		TH_LOG("getsockopt(%d, %d): %s", level, name, strerror(errno));
	ASSERT_EQ(sizeof(int), len);
	return value;
}

static inline void set_timeout(struct __test_metadata *_metadata, int fd,
			       int name, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, name, &tv, sizeof(tv)));
}

static inline void set_linger(struct __test_metadata *_metadata, int fd,
			      int on, int seconds)
{
	struct linger linger = { on, seconds };

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger)));
}

static inline void set_nonblock(struct __test_metadata *_metadata, int fd,
				bool on)
{
	int flags = fcntl(fd, F_GETFL);

	ASSERT_LE(0, flags);
	if (on)
		flags |= O_NONBLOCK;
	else
		flags &= ~O_NONBLOCK;
	ASSERT_EQ(0, fcntl(fd, F_SETFL, flags));
}

static inline void set_initmsg(struct __test_metadata *_metadata, int fd,
			       int ostreams, int instreams, int attempts,
			       int timeo)
{
	struct sctp_initmsg init = { ostreams, instreams, attempts, timeo };

	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_INITMSG, &init,
				sizeof(init)));
}

/* Bits for set_events(): the members of the option's structure in their order. */
#define EV_DATA_IO		(1 << 0)
#define EV_ASSOC		(1 << 1)
#define EV_ADDRESS		(1 << 2)
#define EV_SEND_FAILURE		(1 << 3)
#define EV_PEER_ERROR		(1 << 4)
#define EV_SHUTDOWN		(1 << 5)
#define EV_PARTIAL_DELIVERY	(1 << 6)
#define EV_ADAPTATION		(1 << 7)
#define EV_AUTHENTICATION	(1 << 8)
#define EV_SENDER_DRY		(1 << 9)
#define EV_SEND_FAILURE_EVENT	(1 << 13)

static inline void set_events(struct __test_metadata *_metadata, int fd,
			      int events)
{
	struct sctp_event_subscribe ev;
	__u8 *member = (__u8 *)&ev;
	size_t i;

	for (i = 0; i < sizeof(ev); i++)
		member[i] = !!(events & 1 << i);
	ASSERT_EQ(0, setsockopt(fd, SOL_SCTP, SCTP_EVENTS, &ev, sizeof(ev)))
		TH_LOG("SCTP_EVENTS: %s", strerror(errno));
}

static inline struct sctp_status get_status(struct __test_metadata *_metadata,
					    const struct end *end)
{
	struct sctp_status st = { .sstat_assoc_id = end->id };
	socklen_t len = sizeof(st);

	ASSERT_EQ(0, getsockopt(end->fd, SOL_SCTP, SCTP_STATUS, &st, &len))
		TH_LOG("SCTP_STATUS: %s", strerror(errno));
	ASSERT_EQ(sizeof(st), len);
	return st;
}

/* poll() of one descriptor: what is ready, 0 at the end of the time. */
static inline int poll_fd(int fd, int events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	long long end = now_ms() + ms;
	int ret;

	do {
		ret = poll(&pfd, 1, ms);
		ms = end - now_ms();
	} while (ret < 0 && errno == EINTR && ms > 0);
	return ret > 0 ? pfd.revents : 0;
}

/* Waits until one of @events is there. */
static inline int wait_for(struct __test_metadata *_metadata, int fd, int events)
{
	int got = poll_fd(fd, events, WAIT_MS);

	ASSERT_NE(0, got & events)
		TH_LOG("waited %d ms for poll events %#x in vain, have %#x",
		       WAIT_MS, events, got);
	return got;
}

/* Waits until @condition holds; for what no descriptor tells. */
#define wait_until(condition) wait_until_for(WAIT_MS, condition)
#define wait_until_for(ms, condition) do {				\
	long long __end = now_ms() + (ms);				\
	while (!(condition)) {						\
		ASSERT_LT(now_ms(), __end)				\
			TH_LOG("waited in vain for " #condition);	\
		usleep(2000);						\
	}								\
} while (0)

/*
 * A call that is given @ms has returned after @took. It counts in jiffies, which
 * on a busy machine lag behind the clock, and may catch up meanwhile.
 */
#define EXPECT_TIMEOUT(ms, took) do {					\
	long long __took = (took);					\
	EXPECT_LE((ms) / 4, __took);					\
	EXPECT_GT((ms) + WAIT_MS, __took);				\
} while (0)

/* One of SO_MEMINFO's figures. */
static inline unsigned int meminfo(struct __test_metadata *_metadata, int fd,
				   int which)
{
	unsigned int info[SK_MEMINFO_VARS] = {};
	socklen_t len = sizeof(info);

	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len));
	return info[which];
}

/*
 * Waits until nothing is charged to a sender any more, notifications of what it lent
 * included.
 */
static inline void wait_paid_back(struct __test_metadata *_metadata, int fd)
{
	wait_until(!meminfo(_metadata, fd, SK_MEMINFO_WMEM_ALLOC) &&
		   !meminfo(_metadata, fd, SK_MEMINFO_WMEM_QUEUED) &&
		   !meminfo(_metadata, fd, SK_MEMINFO_OPTMEM));
}

/* Gives loopback one more address. */
static inline void add_address(struct __test_metadata *_metadata,
			       const char *address)
{
	struct sockaddr_in6 usable = { .sin6_family = AF_INET6 };
	struct {
		struct in6_addr addr;
		uint32_t prefixlen;
		int ifindex;
	} v6 = { .prefixlen = 128, .ifindex = if_nametoindex("lo") };
	struct ifreq ifr = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ifr.ifr_addr;
	bool is_v6 = strchr(address, ':');
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	static int count;

	ASSERT_LE(0, fd);
	if (is_v6) {
		inet_pton(AF_INET6, address, &v6.addr);
		ASSERT_EQ(0, ioctl(fd, SIOCSIFADDR, &v6));
		usable.sin6_addr = v6.addr;
		wait_until(!bind(fd, (struct sockaddr *)&usable, sizeof(usable)));
	} else {
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "lo:%d", ++count);
		v4->sin_family = AF_INET;
		inet_pton(AF_INET, address, &v4->sin_addr);
		ASSERT_EQ(0, ioctl(fd, SIOCSIFADDR, &ifr));
		v4->sin_addr.s_addr = htonl(INADDR_BROADCAST);
		ASSERT_EQ(0, ioctl(fd, SIOCSIFNETMASK, &ifr));
	}
	close(fd);
}

/* Is the process asleep in a system call? */
static inline bool is_sleeping(pid_t pid)
{
	char path[64], buf[256], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = 0;
	state = strrchr(buf, ')');
	return state && !strncmp(state, ") S", 3);
}

/*
 * Has it stayed asleep for a while, so that it waits for more than the next
 * SACK? A busy machine makes this slower, not wrong.
 */
static inline bool is_stuck(pid_t pid)
{
	int i;

	for (i = 0; i < 100; i++) {
		if (!is_sleeping(pid))
			return false;
		usleep(3000);
	}
	return true;
}

/*
 * For what blocks: runs @statement in a child that then exits with the errno
 * it left (0: none). CHILD_ERRNO() is the way to say what the outcome was.
 */
#define CHILD_ERRNO(call) ((call) < 0 ? errno : 0)

/* setsockopt() and getsockopt() of a structure, with 0 or their errno. */
#define ERR_SET(fd, name, value)					\
	CHILD_ERRNO(setsockopt(fd, SOL_SCTP, name, &(value), sizeof(value)))

#define ERR_GET(fd, name, value) ({					\
	socklen_t __len = sizeof(value);				\
									\
	CHILD_ERRNO(getsockopt(fd, SOL_SCTP, name, &(value), &__len));	\
})

/* The same of a struct sctp_assoc_value. */
static inline int set_value(int fd, int name, int id, unsigned int v)
{
	struct sctp_assoc_value value = { id, v };

	return ERR_SET(fd, name, value);
}

/* The value, or a negative errno. */
static inline int get_value(int fd, int name, int id)
{
	struct sctp_assoc_value value = { id, 0xa5a5 };
	int err = ERR_GET(fd, name, value);

	return err ? -err : (int)value.assoc_value;
}

/*
 * Is a structure of @size bytes taken when it comes in @len bytes that are zero
 * from there on, as a later version of it would? The C module takes either its
 * own length alone or any that is not shorter.
 */
static inline bool takes_longer(size_t len, size_t size)
{
	return !is_c_module() && len > size;
}

#define start_child(outcome) ({						\
	pid_t __pid;							\
									\
	fflush(NULL);							\
	__pid = fork();							\
	ASSERT_LE(0, __pid);						\
	if (!__pid) {							\
		prctl(PR_SET_PDEATHSIG, SIGKILL);			\
		_exit(outcome);						\
	}								\
	__pid;								\
})

/* The child's exit code; it must come before the deadline. */
static inline int end_child(struct __test_metadata *_metadata, pid_t pid)
{
	int status = 0;
	pid_t got;

	wait_until((got = waitpid(pid, &status, WNOHANG)) != 0);
	ASSERT_EQ(pid, got);
	ASSERT_TRUE(WIFEXITED(status))
		TH_LOG("child ended with wait status %#x", status);
	return WEXITSTATUS(status);
}

/*
 * Every byte of a test message tells its place: a lost, doubled or moved part
 * of it does not pass for another.
 */
static inline unsigned char pattern_at(unsigned int seed, size_t i)
{
	unsigned int x = (seed + 1) * 2654435761u + (unsigned int)i * 40503u;

	return (x >> 13) ^ i;
}

static inline void fill(void *buf, size_t len, unsigned int seed)
{
	unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern_at(seed, i);
}

/* Is @buf what fill() made, from byte @from of the message on? */
static inline bool intact(const void *buf, size_t from, size_t len,
			  unsigned int seed)
{
	const unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != pattern_at(seed, from + i))
			return false;
	return true;
}

/* sendmsg() with at most one SCTP cmsg of any type and length. */
static inline ssize_t send_cmsg(int fd, const union test_addr *to, int type,
				const void *info, size_t info_len,
				const void *buf, size_t len, int flags)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct sctp_sndrcvinfo)) + 64];
	} control;
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_name = (void *)to,
		.msg_namelen = to ? addr_len(to) : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	if (info) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(info_len);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = IPPROTO_SCTP;
		cmsg->cmsg_type = type;
		cmsg->cmsg_len = CMSG_LEN(info_len);
		memcpy(CMSG_DATA(cmsg), info, info_len);
	}
	return sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
}

static inline ssize_t send_sndinfo(int fd, const union test_addr *to,
				   const struct sctp_sndinfo *info,
				   const void *buf, size_t len, int flags)
{
	return send_cmsg(fd, to, SCTP_SNDINFO, info, sizeof(*info), buf, len,
			 flags);
}

/* Sends on a stream of an established association, named by its id. */
static inline ssize_t send_end(const struct end *end, const void *buf,
			       size_t len, int stream, int flags)
{
	struct sctp_sndinfo info = {
		.snd_sid = stream,
		.snd_assoc_id = end->id,
	};

	return send_sndinfo(end->fd, NULL, &info, buf, len, flags);
}

/* A message with the pattern of @seed, which must be taken at once. */
static inline void send_pattern(struct __test_metadata *_metadata,
				const struct end *end, size_t len, int stream,
				unsigned int seed)
{
	unsigned char *buf = malloc(len);

	ASSERT_NE(NULL, buf);
	fill(buf, len, seed);
	ASSERT_EQ((ssize_t)len, send_end(end, buf, len, stream, 0))
		TH_LOG("send of %zu bytes: %s", len, strerror(errno));
	free(buf);
}

/* recvmsg() that tells all it was told. */
static inline ssize_t recv_rx(int fd, void *buf, size_t len, int flags,
			      struct rx *rx)
{
	union {
		struct cmsghdr align;
		char buf[512];
	} control;
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_name = &rx->from,
		.msg_namelen = sizeof(rx->from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	memset(rx, 0, sizeof(*rx));
	rx->len = recvmsg(fd, &msg, flags);
	if (rx->len < 0)
		return rx->len;
	rx->flags = msg.msg_flags;
	rx->from_len = msg.msg_namelen;
	rx->control_len = msg.msg_controllen;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		rx->cmsgs++;
		if (cmsg->cmsg_level != IPPROTO_SCTP)
			continue;
		if (cmsg->cmsg_type == SCTP_RCVINFO &&
		    cmsg->cmsg_len == CMSG_LEN(sizeof(rx->rcvinfo))) {
			rx->has_rcvinfo = true;
			memcpy(&rx->rcvinfo, CMSG_DATA(cmsg),
			       sizeof(rx->rcvinfo));
		}
		if (cmsg->cmsg_type == SCTP_NXTINFO &&
		    cmsg->cmsg_len == CMSG_LEN(sizeof(rx->nxtinfo))) {
			rx->has_nxtinfo = true;
			memcpy(&rx->nxtinfo, CMSG_DATA(cmsg),
			       sizeof(rx->nxtinfo));
		}
		if (cmsg->cmsg_type == SCTP_SNDRCV &&
		    cmsg->cmsg_len == CMSG_LEN(sizeof(rx->sndrcv))) {
			rx->has_sndrcv = true;
			memcpy(&rx->sndrcv, CMSG_DATA(cmsg),
			       sizeof(rx->sndrcv));
		}
	}
	return rx->len;
}

/* Waits for something to read, then reads it. */
static inline ssize_t recv_wait(struct __test_metadata *_metadata, int fd,
				void *buf, size_t len, struct rx *rx)
{
	wait_for(_metadata, fd, POLLIN);
	return recv_rx(fd, buf, len, MSG_DONTWAIT, rx);
}

/* The next thing must be a whole data message with the pattern of @seed. */
static inline void recv_pattern(struct __test_metadata *_metadata, int fd,
				size_t len, unsigned int seed, struct rx *rx)
{
	unsigned char *buf = malloc(len + 1);
	struct rx own;

	if (!rx)
		rx = &own;
	ASSERT_NE(NULL, buf);
	ASSERT_EQ((ssize_t)len, recv_wait(_metadata, fd, buf, len + 1, rx))
		TH_LOG("recvmsg: %s, flags %#x", strerror(errno), rx->flags);
	ASSERT_EQ(MSG_EOR, rx->flags);
	ASSERT_TRUE(intact(buf, 0, len, seed));
	free(buf);
}

/*
 * Reads @count messages that were sent over @streams streams in turn, where
 * message i has @len + i * @step bytes and the pattern of i. Only those of one
 * stream are in order: packets overtake one another where processors share the
 * work of a loopback device.
 */
static inline void recv_in_turn(struct __test_metadata *_metadata, int fd,
				int streams, int count, size_t len, size_t step)
{
	size_t room = len + step * count + 1;
	unsigned char *buf = malloc(room);
	int next[16], i, n;
	struct rx rx;

	ASSERT_NE(NULL, buf);
	ASSERT_GE((int)ARRAY_SIZE(next), streams);
	for (i = 0; i < streams; i++)
		next[i] = i;
	for (n = 0; n < count; n++) {
		ASSERT_LT(0, recv_wait(_metadata, fd, buf, room, &rx));
		ASSERT_EQ(MSG_EOR, rx.flags);
		for (i = 0; i < streams; i++)
			if (next[i] < count && rx.len == len + next[i] * step &&
			    intact(buf, 0, rx.len, next[i]))
				break;
		ASSERT_GT(streams, i)
			TH_LOG("message %d is the next one of no stream", n);
		next[i] += streams;
	}
	free(buf);
}

/*
 * Reads a message from byte @from on, in as many parts as it comes, and
 * compares it.
 */
static inline void recv_parts(struct __test_metadata *_metadata, int fd,
			      size_t from, size_t len, unsigned int seed,
			      size_t room)
{
	unsigned char *buf = malloc(room);
	struct rx rx;

	ASSERT_NE(NULL, buf);
	do {
		ASSERT_LT(0, recv_wait(_metadata, fd, buf, room, &rx))
			TH_LOG("recvmsg after %zu bytes: %s", from,
			       strerror(errno));
		ASSERT_GE(len, from + rx.len);
		ASSERT_TRUE(intact(buf, from, rx.len, seed))
			TH_LOG("message of %zu bytes, wrong from byte %zu on",
			       len, from);
		from += rx.len;
	} while (!(rx.flags & MSG_EOR));
	ASSERT_EQ(len, from);
	free(buf);
}

/* The next thing must be this notification, whole; it is copied to @sn. */
static inline void recv_notification(struct __test_metadata *_metadata, int fd,
				     int type, union sctp_notification *sn,
				     size_t size)
{
	unsigned char *bytes = (unsigned char *)sn;
	struct rx rx;
	size_t i;

	memset(sn, 0xa5, size);
	recv_wait(_metadata, fd, sn, size, &rx);
	ASSERT_LT(0, rx.len)
		TH_LOG("recvmsg: %s", rx.len ? strerror(errno) : "end of file");
	/* Nothing is written behind it. */
	for (i = rx.len; i < size; i++) {
		ASSERT_EQ(0xa5, bytes[i]);
		bytes[i] = 0;
	}
	ASSERT_EQ(MSG_NOTIFICATION | MSG_EOR, rx.flags)
		TH_LOG("%zd bytes, not a whole notification", rx.len);
	ASSERT_EQ(type, sn->sn_header.sn_type);
	ASSERT_EQ(rx.len, (ssize_t)sn->sn_header.sn_length);
	ASSERT_EQ(0, rx.cmsgs);
}

/* The next thing must be ASSOC_CHANGE with this state. */
static inline struct sctp_assoc_change
recv_assoc_change(struct __test_metadata *_metadata, int fd, int state)
{
	union {
		union sctp_notification sn;
		char space[2048];
	} u;

	recv_notification(_metadata, fd, SCTP_ASSOC_CHANGE, &u.sn, sizeof(u));
	ASSERT_EQ(state, u.sn.sn_assoc_change.sac_state);
	return u.sn.sn_assoc_change;
}

static inline void recv_shutdown_event(struct __test_metadata *_metadata, int fd,
				       sctp_assoc_t id)
{
	union sctp_notification sn;

	recv_notification(_metadata, fd, SCTP_SHUTDOWN_EVENT, &sn, sizeof(sn));
	ASSERT_EQ(sizeof(struct sctp_shutdown_event), sn.sn_header.sn_length);
	ASSERT_EQ(id, sn.sn_shutdown_event.sse_assoc_id);
}

/* Nothing to read, and no end either. */
static inline void expect_nothing(struct __test_metadata *_metadata, int fd)
{
	char c;

	EXPECT_EQ(-1, recv(fd, &c, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

/*
 * Connects @client to @listener; both know the association's id from its
 * COMM_UP and are subscribed to nothing afterwards.
 */
static inline void pair_join(struct __test_metadata *_metadata,
			     const struct flavour *fl, struct pair *p)
{
	set_events(_metadata, p->listener, EV_ASSOC);
	set_events(_metadata, p->client.fd, EV_ASSOC);
	ASSERT_EQ(0, connect(p->client.fd, &p->addr.sa, addr_len(&p->addr)))
		TH_LOG("connect: %s", strerror(errno));
	p->server.fd = p->listener;
	if (one_to_one(fl)) {
		wait_for(_metadata, p->listener, POLLIN);
		p->server.fd = accept(p->listener, NULL, NULL);
		ASSERT_LE(0, p->server.fd)
			TH_LOG("accept: %s", strerror(errno));
	}
	p->client.id = recv_assoc_change(_metadata, p->client.fd,
					 SCTP_COMM_UP).sac_assoc_id;
	p->server.id = recv_assoc_change(_metadata, p->server.fd,
					 SCTP_COMM_UP).sac_assoc_id;
	set_events(_metadata, p->client.fd, 0);
	set_events(_metadata, p->server.fd, 0);
	set_events(_metadata, p->listener, 0);
}

static inline void pair_open(struct __test_metadata *_metadata,
			     const struct flavour *fl, struct pair *p)
{
	p->listener = listening_socket(_metadata, fl, &p->addr);
	p->client.fd = open_socket(_metadata, fl);
	pair_join(_metadata, fl, p);
}

#endif /* SCTP_UTIL_H */

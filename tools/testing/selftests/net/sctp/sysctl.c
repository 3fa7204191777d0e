// SPDX-License-Identifier: GPL-2.0
/*
 * The sysctls net.sctp: which there are, their bounds, that each namespace has
 * its own, and that sockets begin with what they say.
 */
#include <limits.h>

#include "sctp_util.h"

#define SYSCTL_DIR	"/proc/sys/net/sctp/"

/* Writes a sysctl; 0 or the error. */
static int put(const char *name, const char *value)
{
	char path[100];
	int fd, err;

	snprintf(path, sizeof(path), SYSCTL_DIR "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	err = CHILD_ERRNO(write(fd, value, strlen(value)));
	close(fd);
	return err;
}

static int put_number(const char *name, long long n)
{
	char value[30];

	snprintf(value, sizeof(value), "%lld\n", n);
	return put(name, value);
}

/* Reads a sysctl of one number; -1 if there is no such. */
static long long number(const char *name)
{
	char path[100], text[100] = "", *end;
	long long n;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), SYSCTL_DIR "%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	n = strtoll(text, &end, 10);
	return len > 1 && !strcmp(end, "\n") ? n : -1;
}

FIXTURE(sysctl) {
};

FIXTURE_SETUP(sysctl)
{
	enter_netns(_metadata);
}

FIXTURE_TEARDOWN(sysctl)
{
}

#define DAY 86400000

static const struct {
	const char *name;
	long long first, min, max;
} numbers[] = {
	{ "rto_min", 1000, 1, 60000 },
	{ "rto_max", 60000, 1000, DAY },
	{ "max_burst", 4, 0, INT_MAX },
	{ "valid_cookie_life", 60000, 1, DAY },
	{ "sack_timeout", 200, 1, 500 },
	{ "hb_interval", 30000, 1, DAY },
	{ "association_max_retrans", 10, 1, INT_MAX },
	{ "path_max_retrans", 5, 1, INT_MAX },
	{ "max_init_retransmits", 8, 1, INT_MAX },
	{ "pf_retrans", 0, 0, 65535 },
	{ "ps_retrans", 65535, 0, 65535 },
	{ "pf_expose", 0, 0, 2 },
	{ "addr_scope_policy", 1, 0, 3 },
	{ "l3mdev_accept", 1, 0, 1 },
};

TEST_F(sysctl, bounds)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *name = numbers[i].name;
		long long min = numbers[i].min, max = numbers[i].max;

		TH_LOG("%s", name);
		EXPECT_EQ(numbers[i].first, number(name));
		EXPECT_EQ(EINVAL, put_number(name, min - 1));
		EXPECT_EQ(EINVAL, put_number(name, max + 1));
		EXPECT_EQ(EINVAL, put(name, "x"));
		EXPECT_EQ(numbers[i].first, number(name));
		EXPECT_EQ(0, put_number(name, min));
		EXPECT_EQ(min, number(name));
		EXPECT_EQ(0, put_number(name, max));
		EXPECT_EQ(max, number(name));
		EXPECT_EQ(0, put_number(name, numbers[i].first));
	}
}

/* Of two that bound each other, each stays on its side. */
TEST_F(sysctl, pairs)
{
	EXPECT_EQ(0, put_number("rto_min", 2000));
	EXPECT_EQ(EINVAL, put_number("rto_max", 1999));
	EXPECT_EQ(0, put_number("rto_max", 2000));
	EXPECT_EQ(EINVAL, put_number("rto_min", 2001));
	EXPECT_EQ(0, put_number("ps_retrans", 7));
	EXPECT_EQ(EINVAL, put_number("pf_retrans", 8));
	EXPECT_EQ(0, put_number("pf_retrans", 7));
	EXPECT_EQ(EINVAL, put_number("ps_retrans", 6));
}

TEST_F(sysctl, plpmtud_probe_interval)
{
	const char *name = "plpmtud_probe_interval";

	/* The C module does not probe unless it is told to. */
	EXPECT_EQ(is_c_module() ? 0 : 20000, number(name));
	EXPECT_EQ(EINVAL, put_number(name, 4999));
	EXPECT_EQ(EINVAL, put_number(name, 1));
	EXPECT_EQ(0, put_number(name, 5000));
	EXPECT_EQ(5000, number(name));
	EXPECT_EQ(0, put_number(name, 0));
	EXPECT_EQ(0, number(name));
}

TEST_F(sysctl, switches)
{
	static const char *const names[] = { "pf_enable", "prsctp_enable" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(1, number(names[i]));
		EXPECT_EQ(0, put_number(names[i], 0));
		EXPECT_EQ(0, number(names[i]));
		EXPECT_EQ(0, put_number(names[i], 1));
		EXPECT_EQ(1, number(names[i]));
	}
}

/*
 * What there is in one way only says so. Start scripts that write what is so
 * anyway do not fail, and those that ask for something else learn it.
 */
TEST_F(sysctl, fixed)
{
	static const struct {
		const char *name;
		int value;
	} fixed[] = {
		{ "rto_alpha_exp_divisor", 3 },
		{ "rto_beta_exp_divisor", 2 },
		{ "cookie_preserve_enable", 1 },
		{ "sndbuf_policy", 0 },
		{ "rcvbuf_policy", 1 },
		{ "addip_enable", 0 },
		{ "addip_noauth_enable", 0 },
		{ "auth_enable", 0 },
		{ "default_auto_asconf", 0 },
		{ "ecn_enable", 0 },
		{ "encap_port", 0 },
		{ "intl_enable", 0 },
		{ "reconf_enable", 0 },
		{ "udp_port", 0 },
	};
	size_t i;

	if (is_c_module())
		SKIP(return, "the C module has both");
	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		TH_LOG("%s", fixed[i].name);
		EXPECT_EQ(fixed[i].value, number(fixed[i].name));
		EXPECT_EQ(0, put_number(fixed[i].name, fixed[i].value));
		EXPECT_EQ(EINVAL, put_number(fixed[i].name, !fixed[i].value));
		EXPECT_EQ(fixed[i].value, number(fixed[i].name));
	}
}

TEST_F(sysctl, each_namespace_has_its_own)
{
	ASSERT_EQ(0, put_number("rto_initial", 1234));
	ASSERT_EQ(0, put_number("l3mdev_accept", 0));
	enter_netns(_metadata);
	EXPECT_EQ(is_c_module() ? 3000 : 1000, number("rto_initial"));
	EXPECT_EQ(1, number("l3mdev_accept"));
}

/* A file that was opened keeps to its namespace, and outlives it. */
TEST_F_TIMEOUT(sysctl, namespace_goes_before_the_file, 90)
{
	char buf[20];
	int fd = open(SYSCTL_DIR "rto_initial", O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(5, write(fd, "1234\n", 5));
	enter_netns(_metadata);
	EXPECT_EQ(is_c_module() ? 3000 : 1000, number("rto_initial"));
	/* It goes when those have gone that other tests have left before. */
	wait_until_for(4 * WAIT_MS, pread(fd, buf, sizeof(buf), 0) < 0);
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(ENOENT, CHILD_ERRNO(pwrite(fd, "1\n", 2, 0)));
	close(fd);
}

/* The limits on memory are of all namespaces together. */
TEST(memory)
{
	static const char *const names[] = { "sctp_mem", "sctp_rmem", "sctp_wmem" };
	char path[100], text[100];
	unsigned long n[3];
	int count;
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), SYSCTL_DIR "%s", names[i]);
		f = fopen(path, "r");
		ASSERT_NE(NULL, f);
		ASSERT_NE(NULL, fgets(text, sizeof(text), f));
		fclose(f);
		count = sscanf(text, "%lu %lu %lu", &n[0], &n[1], &n[2]);
		ASSERT_EQ(3, count);
		EXPECT_LT(0, n[0]);
		EXPECT_LT(n[0], n[1]);
		EXPECT_LT(n[1], n[2]);
		EXPECT_EQ(0, put(names[i], text));
	}
	enter_netns(_metadata);
	EXPECT_EQ(ENOENT, put("sctp_mem", "1 2 3"));
}

FIXTURE(defaults) {
	int old, fd;
};

SCTP_FIXTURE_VARIANT(defaults);
SCTP_VARIANTS(defaults);

FIXTURE_SETUP(defaults)
{
	enter_netns(_metadata);
	self->old = open_socket(_metadata, &variant->fl);
	EXPECT_EQ(0, put_number("rto_initial", 1500));
	EXPECT_EQ(0, put_number("rto_min", 700));
	EXPECT_EQ(0, put_number("rto_max", 30000));
	EXPECT_EQ(0, put_number("max_burst", 7));
	EXPECT_EQ(0, put_number("valid_cookie_life", 5000));
	EXPECT_EQ(0, put_number("sack_timeout", 123));
	EXPECT_EQ(0, put_number("hb_interval", 4321));
	EXPECT_EQ(0, put_number("association_max_retrans", 12));
	EXPECT_EQ(0, put_number("path_max_retrans", 6));
	EXPECT_EQ(0, put_number("max_init_retransmits", 3));
	EXPECT_EQ(0, put_number("ps_retrans", 5));
	EXPECT_EQ(0, put_number("pf_retrans", 2));
	EXPECT_EQ(0, put_number("pf_expose", 2));
	EXPECT_EQ(0, put_number("plpmtud_probe_interval", 6000));
	EXPECT_EQ(0, put_number("prsctp_enable", 0));
	EXPECT_EQ(0, put_number("max_autoclose", 50));
	self->fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(defaults)
{
	close(self->fd);
	close(self->old);
}

#define GET(fd, name, value) do {					\
	memset(&(value), 0, sizeof(value));				\
	ASSERT_EQ(0, ERR_GET(fd, name, value))				\
		TH_LOG("getsockopt(%d)", name);				\
} while (0)

/* What a socket began with stays. */
TEST_F(defaults, of_new_sockets)
{
	struct sctp_paddrthlds_v2 thresholds;
	struct sctp_paddrparams params;
	struct sctp_assocparams assoc;
	struct sctp_sack_info sack;
	struct sctp_initmsg init;
	struct sctp_rtoinfo rto;

	GET(self->fd, SCTP_RTOINFO, rto);
	EXPECT_EQ(1500, rto.srto_initial);
	EXPECT_EQ(700, rto.srto_min);
	EXPECT_EQ(30000, rto.srto_max);
	GET(self->fd, SCTP_ASSOCINFO, assoc);
	EXPECT_EQ(12, assoc.sasoc_asocmaxrxt);
	EXPECT_EQ(5000, assoc.sasoc_cookie_life);
	GET(self->fd, SCTP_INITMSG, init);
	EXPECT_EQ(3, init.sinit_max_attempts);
	EXPECT_EQ(30000, init.sinit_max_init_timeo);
	GET(self->fd, SCTP_DELAYED_SACK, sack);
	EXPECT_EQ(123, sack.sack_delay);
	GET(self->fd, SCTP_PEER_ADDR_PARAMS, params);
	EXPECT_EQ(4321, params.spp_hbinterval);
	EXPECT_EQ(6, params.spp_pathmaxrxt);
	GET(self->fd, SCTP_PEER_ADDR_THLDS_V2, thresholds);
	EXPECT_EQ(6, thresholds.spt_pathmaxrxt);
	EXPECT_EQ(2, thresholds.spt_pathpfthld);
	EXPECT_EQ(5, thresholds.spt_pathcpthld);
	EXPECT_EQ(7, get_value(self->fd, SCTP_MAX_BURST, 0));
	EXPECT_EQ(2, get_value(self->fd, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, 0));
	EXPECT_EQ(0, get_value(self->fd, SCTP_PR_SUPPORTED, 0));

	GET(self->old, SCTP_RTOINFO, rto);
	EXPECT_EQ(is_c_module() ? 3000 : 1000, rto.srto_initial);
	EXPECT_EQ(4, get_value(self->old, SCTP_MAX_BURST, 0));
	EXPECT_EQ(1, get_value(self->old, SCTP_PR_SUPPORTED, 0));
}

/* And what an association has begins with that. */
TEST_F(defaults, of_associations)
{
	struct sctp_rtoinfo rto;
	struct pair p;

	pair_open(_metadata, &variant->fl, &p);
	memset(&rto, 0, sizeof(rto));
	rto.srto_assoc_id = p.client.id;
	ASSERT_EQ(0, ERR_GET(p.client.fd, SCTP_RTOINFO, rto));
	EXPECT_EQ(1500, rto.srto_initial);
	EXPECT_EQ(7, get_value(p.server.fd, SCTP_MAX_BURST, p.server.id));
	EXPECT_EQ(0, get_value(p.server.fd, SCTP_PR_SUPPORTED, p.server.id));
}

TEST_F(defaults, autoclose_is_bounded_at_once)
{
	if (one_to_one(&variant->fl))
		return;
	set_int(_metadata, self->old, SOL_SCTP, SCTP_AUTOCLOSE, 51);
	EXPECT_EQ(50, get_int(_metadata, self->old, SOL_SCTP, SCTP_AUTOCLOSE));
	set_int(_metadata, self->old, SOL_SCTP, SCTP_AUTOCLOSE, 49);
	EXPECT_EQ(49, get_int(_metadata, self->old, SOL_SCTP, SCTP_AUTOCLOSE));
}

TEST_HARNESS_MAIN

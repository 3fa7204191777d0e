// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/sctp, which programs read that watch a system: what is there, in the
 * columns that they look for it, and in its own namespace only.
 */
#include "sctp_util.h"
#include <linux/netlink.h>
#include <sys/stat.h>

#define FOLDER	"/proc/thread-self/net/sctp/"

FIXTURE(proc) {
	struct pair p;
	uint16_t sport, cport;
};

SCTP_FIXTURE_VARIANT(proc);
SCTP_VARIANTS(proc);

FIXTURE_SETUP(proc)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
	self->sport = port_of_socket(_metadata, self->p.server.fd);
	self->cport = port_of_socket(_metadata, self->p.client.fd);
}

FIXTURE_TEARDOWN(proc)
{
}

static FILE *open_file(struct __test_metadata *_metadata, const char *name)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f)
		TH_LOG("%s: %s", path, strerror(errno));
	return f;
}

#define COLUMNS	32

/* A line in words. The one before the last of an association's addresses is "<->". */
struct line {
	char text[512];
	char *word[COLUMNS];
	int words;
};

static bool read_line(FILE *f, struct line *line)
{
	char *rest, *word;

	line->words = 0;
	if (!fgets(line->text, sizeof(line->text), f))
		return false;
	for (rest = line->text; (word = strtok_r(rest, " \t\n", &rest));)
		if (line->words < COLUMNS)
			line->word[line->words++] = word;
	return true;
}

/* Finds the line that has @value in a column. */
static bool find_line(struct __test_metadata *_metadata, const char *name,
		      int column, long value, struct line *line)
{
	FILE *f = open_file(_metadata, name);
	bool found = false;

	ASSERT_TRUE(read_line(f, line));
	while (!found && read_line(f, line))
		found = line->words > column && atol(line->word[column]) == value;
	fclose(f);
	return found;
}

static long count_lines(struct __test_metadata *_metadata, const char *name)
{
	FILE *f = open_file(_metadata, name);
	struct line line;
	long lines = 0;

	while (read_line(f, &line))
		lines++;
	fclose(f);
	return lines;
}

static long counter(struct __test_metadata *_metadata, const char *name)
{
	FILE *f = open_file(_metadata, "snmp");
	struct line line;
	long value = -1;

	while (value < 0 && read_line(f, &line))
		if (!strcmp(line.word[0], name))
			value = atol(line.word[1]);
	fclose(f);
	ASSERT_LE(0, value)
		TH_LOG("no counter %s", name);
	return value;
}

/* All names, in this order, each with a number. */
TEST_F(proc, counters)
{
	static const char *const names[] = {
		"SctpCurrEstab", "SctpActiveEstabs", "SctpPassiveEstabs", "SctpAborteds",
		"SctpShutdowns", "SctpOutOfBlues", "SctpChecksumErrors", "SctpOutCtrlChunks",
		"SctpOutOrderChunks", "SctpOutUnorderChunks", "SctpInCtrlChunks",
		"SctpInOrderChunks", "SctpInUnorderChunks", "SctpFragUsrMsgs",
		"SctpReasmUsrMsgs", "SctpOutSCTPPacks", "SctpInSCTPPacks",
		"SctpT1InitExpireds", "SctpT1CookieExpireds", "SctpT2ShutdownExpireds",
		"SctpT3RtxExpireds", "SctpT4RtoExpireds", "SctpT5ShutdownGuardExpireds",
		"SctpDelaySackExpireds", "SctpAutocloseExpireds", "SctpT3Retransmits",
		"SctpPmtudRetransmits", "SctpFastRetransmits", "SctpInPktSoftirq",
		"SctpInPktBacklog", "SctpInPktDiscards", "SctpInDataChunkDiscards",
	};
	FILE *f = open_file(_metadata, "snmp");
	char text[128], expected[128];
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_NE(NULL, fgets(text, sizeof(text), f));
		snprintf(expected, sizeof(expected), "%-32s\t%d\n", names[i],
			 atoi(text + 33));
		EXPECT_STREQ(expected, text);
	}
	EXPECT_EQ(NULL, fgets(text, sizeof(text), f));
	fclose(f);

	EXPECT_EQ(2, counter(_metadata, "SctpCurrEstab"));
	EXPECT_EQ(1, counter(_metadata, "SctpActiveEstabs"));
	EXPECT_EQ(1, counter(_metadata, "SctpPassiveEstabs"));
	EXPECT_EQ(0, counter(_metadata, "SctpAborteds"));
	EXPECT_EQ(0, counter(_metadata, "SctpInOrderChunks"));
	send_pattern(_metadata, &self->p.client, 5000, 0, 1);
	recv_pattern(_metadata, self->p.server.fd, 5000, 1, NULL);
	EXPECT_EQ(1, counter(_metadata, "SctpFragUsrMsgs"));
	EXPECT_EQ(1, counter(_metadata, "SctpReasmUsrMsgs"));
	EXPECT_EQ(4, counter(_metadata, "SctpOutOrderChunks"));
	EXPECT_EQ(4, counter(_metadata, "SctpInOrderChunks"));
	EXPECT_EQ(0, counter(_metadata, "SctpOutUnorderChunks"));
	EXPECT_LE(5, counter(_metadata, "SctpInSCTPPacks"));
	EXPECT_LE(5, counter(_metadata, "SctpOutSCTPPacks"));
	EXPECT_LE(4, counter(_metadata, "SctpOutCtrlChunks"));
	EXPECT_LE(4, counter(_metadata, "SctpInCtrlChunks"));
	EXPECT_EQ(0, counter(_metadata, "SctpChecksumErrors"));
}

TEST_F(proc, counters_of_the_end)
{
	close(self->p.client.fd);
	wait_until(counter(_metadata, "SctpCurrEstab") == 0);
	/* One for each side. */
	EXPECT_LE(1, counter(_metadata, "SctpShutdowns"));
	EXPECT_EQ(0, counter(_metadata, "SctpAborteds"));
}

TEST_F(proc, counters_of_an_abort)
{
	set_linger(_metadata, self->p.client.fd, 1, 0);
	close(self->p.client.fd);
	wait_until(counter(_metadata, "SctpCurrEstab") == 0);
	EXPECT_LE(1, counter(_metadata, "SctpAborteds"));
	EXPECT_EQ(0, counter(_metadata, "SctpShutdowns"));
}

/* Each namespace has what is its own. */
TEST_F(proc, namespace)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_EQ(0, counter(_metadata, "SctpCurrEstab"));
	EXPECT_EQ(0, counter(_metadata, "SctpActiveEstabs"));
	EXPECT_EQ(1, count_lines(_metadata, "eps"));
	EXPECT_EQ(1, count_lines(_metadata, "assocs"));
	EXPECT_EQ(1, count_lines(_metadata, "remaddr"));
}

static void expect_header(struct __test_metadata *_metadata, const char *name,
			  const char *header)
{
	FILE *f = open_file(_metadata, name);
	char text[512];

	ASSERT_NE(NULL, fgets(text, sizeof(text), f));
	EXPECT_STREQ(header, text);
	fclose(f);
}

/* Loopback, as the files have it. */
static const char *host(const struct flavour *fl)
{
	return fl->family == TEST_IPV6 ? "0000:0000:0000:0000:0000:0000:0000:0001"
				       : "127.0.0.1";
}

TEST_F(proc, endpoints)
{
	struct line line;
	struct stat st;

	expect_header(_metadata, "eps",
		      " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n");
	EXPECT_EQ(2, count_lines(_metadata, "eps"));
	ASSERT_TRUE(find_line(_metadata, "eps", 5, self->sport, &line));
	ASSERT_EQ(9, line.words);
	EXPECT_EQ(one_to_one(&variant->fl) ? 2 : 0, atoi(line.word[2]));
	EXPECT_EQ(10, atoi(line.word[3]));
	EXPECT_EQ(getuid(), atoi(line.word[6]));
	ASSERT_EQ(0, fstat(self->p.listener, &st));
	EXPECT_EQ(st.st_ino, atol(line.word[7]));
	EXPECT_STREQ(host(&variant->fl), line.word[8]);
	/* Those that do not listen are not there. */
	EXPECT_FALSE(find_line(_metadata, "eps", 5, self->cport, &line));
	ASSERT_EQ(0, listen(self->p.listener, 0));
	EXPECT_EQ(1, count_lines(_metadata, "eps"));
}

/* The primary address has a mark. Which of its own one uses the C module may not know. */
static void expect_marked(struct __test_metadata *_metadata,
			  const struct flavour *fl, const char *word)
{
	EXPECT_EQ('*', word[0]);
	EXPECT_STREQ(host(fl), word + 1);
}

TEST_F(proc, associations)
{
	struct end *client = &self->p.client;
	struct line line;
	struct stat st;

	expect_header(_metadata, "assocs",
		      " ASSOC     SOCK   STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT LADDRS <-> RADDRS HBINT INS OUTS MAXRT T1X T2X RTXC wmema wmemq sndbuf rcvbuf\n");
	send_pattern(_metadata, client, 1000, 0, 1);
	wait_until(get_status(_metadata, client).sstat_unackdata == 0);
	EXPECT_EQ(3, count_lines(_metadata, "assocs"));

	ASSERT_TRUE(find_line(_metadata, "assocs", 11, self->sport, &line));
	EXPECT_LE(1000, atoi(line.word[8]));
	ASSERT_TRUE(find_line(_metadata, "assocs", 11, self->cport, &line));
	EXPECT_EQ(one_to_one(&variant->fl) ? 2 : 0, atoi(line.word[2]));
	EXPECT_EQ(3, atoi(line.word[4]));
	EXPECT_EQ(0, atoi(line.word[5]));
	EXPECT_EQ(client->id, atoi(line.word[6]));
	EXPECT_EQ(0, atoi(line.word[7]));
	EXPECT_EQ(0, atoi(line.word[8]));
	EXPECT_EQ(getuid(), atoi(line.word[9]));
	ASSERT_EQ(0, fstat(client->fd, &st));
	EXPECT_EQ(st.st_ino, atol(line.word[10]));
	EXPECT_EQ(self->cport, atoi(line.word[11]));
	EXPECT_EQ(self->sport, atoi(line.word[12]));
	/* From the end: there may be several of its own addresses. */
	ASSERT_LE(27, line.words);
	EXPECT_STREQ("<->", line.word[line.words - 13]);
	expect_marked(_metadata, &variant->fl, line.word[line.words - 12]);
	EXPECT_LT(0, atoi(line.word[line.words - 11]));
	EXPECT_EQ(get_status(_metadata, client).sstat_instrms,
		  atoi(line.word[line.words - 10]));
	EXPECT_EQ(10, atoi(line.word[line.words - 9]));
	EXPECT_EQ(10, atoi(line.word[line.words - 8]));
	EXPECT_EQ(0, atoi(line.word[line.words - 7]));
	EXPECT_EQ(0, atoi(line.word[line.words - 6]));
	EXPECT_EQ(0, atoi(line.word[line.words - 5]));
	EXPECT_EQ(get_int(_metadata, client->fd, SOL_SOCKET, SO_SNDBUF),
		  atoi(line.word[line.words - 2]));
	EXPECT_EQ(get_int(_metadata, client->fd, SOL_SOCKET, SO_RCVBUF),
		  atoi(line.word[line.words - 1]));

	close(client->fd);
	wait_until(count_lines(_metadata, "assocs") == 1);
}

TEST_F(proc, remote_addresses)
{
	struct line line;

	expect_header(_metadata, "remaddr",
		      "ADDR ASSOC_ID HB_ACT RTO MAX_PATH_RTX REM_ADDR_RTX START STATE\n");
	EXPECT_LE(3, count_lines(_metadata, "remaddr"));
	ASSERT_TRUE(find_line(_metadata, "remaddr", 1, self->p.client.id, &line));
	ASSERT_EQ(8, line.words);
	EXPECT_STREQ(host(&variant->fl), line.word[0]);
	EXPECT_EQ(1, atoi(line.word[2]));
	EXPECT_LT(0, atoi(line.word[3]));
	EXPECT_EQ(5, atoi(line.word[4]));
	EXPECT_EQ(SCTP_ACTIVE, atoi(line.word[7]));
	close(self->p.client.fd);
	wait_until(count_lines(_metadata, "remaddr") == 1);
}

/* More than a page of them, byte by byte and in large pieces: each is there once. */
TEST_F(proc, many)
{
	int i, count = 60, rooms[] = { 1, 100, 70000 }, fd;
	struct flavour fl = { variant->fl.family, SOCK_SEQPACKET };
	static char text[100000];
	ssize_t n, len;
	char *at;

	for (i = 0; i < count; i++) {
		int one = open_socket(_metadata, &fl);

		ASSERT_EQ(0, listen(one, 1));
	}
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		fd = open(FOLDER "eps", O_RDONLY);
		ASSERT_LE(0, fd);
		for (len = 0; (n = read(fd, text + len, rooms[i])) > 0; len += n)
			ASSERT_LT(len, sizeof(text) - 70001);
		close(fd);
		text[len] = 0;
		for (n = 0, at = text; (at = strchr(at, '\n')); at++)
			n++;
		EXPECT_EQ(2 + count, n);
	}
}

/* Whoever reads while associations come and go finds whole lines. */
TEST_F(proc, coming_and_going)
{
	struct flavour fl = { variant->fl.family, SOCK_SEQPACKET };
	struct line line;
	int i, status;
	FILE *f;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		union test_addr addr;
		int fd = listening_socket(_metadata, &fl, &addr);

		for (i = 0; i < 200; i++) {
			int one = open_socket(_metadata, &fl);

			connect(one, &addr.sa, addr_len(&addr));
			close(one);
		}
		close(fd);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		f = open_file(_metadata, "assocs");
		ASSERT_TRUE(read_line(f, &line));
		/* With the C module one may have no address of its own yet. */
		while (read_line(f, &line))
			ASSERT_LE(25, line.words);
		fclose(f);
		f = open_file(_metadata, "remaddr");
		while (read_line(f, &line))
			ASSERT_EQ(8, line.words);
		fclose(f);
		EXPECT_LE(1, count_lines(_metadata, "eps"));
	}
	ASSERT_EQ(0, status);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whom an option is for: one association, those there are, those to come, or
 * all of them; on one-to-one sockets whatever there is. RFC 6458 section 8.1,
 * for SCTP_RTOINFO (8.1.1), SCTP_ASSOCINFO (8.1.2), SCTP_DEFAULT_SEND_PARAM
 * (8.1.13), SCTP_MAXSEG (8.1.16), SCTP_DELAYED_SACK (8.1.19), SCTP_MAX_BURST
 * (8.1.24), SCTP_CONTEXT (8.1.25), SCTP_DEFAULT_SNDINFO (8.1.31),
 * SCTP_DEFAULT_PRINFO (8.1.32), and SCTP_EXPOSE_POTENTIALLY_FAILED_STATE (RFC
 * 7829 section 7.3).
 */
#include "sctp_util.h"

/* One number of each option, which stands for the whole of it. */
union option {
	sctp_assoc_t id;
	struct sctp_rtoinfo rto;
	struct sctp_assocparams params;
	struct sctp_sack_info sack;
	struct sctp_assoc_value value;
	struct sctp_sndinfo snd;
	struct sctp_sndrcvinfo sndrcv;
	struct sctp_default_prinfo prinfo;
};

static void put_rto(union option *o, int id, int v)
{
	o->rto.srto_assoc_id = id;
	o->rto.srto_max = 60000 + v;
}

static int got_rto(const union option *o)
{
	return o->rto.srto_max - 60000;
}

static void put_params(union option *o, int id, int v)
{
	o->params.sasoc_assoc_id = id;
	o->params.sasoc_asocmaxrxt = v;
}

static int got_params(const union option *o)
{
	return o->params.sasoc_asocmaxrxt;
}

static void put_sack(union option *o, int id, int v)
{
	o->sack.sack_assoc_id = id;
	o->sack.sack_freq = v;
}

static int got_sack(const union option *o)
{
	return o->sack.sack_freq;
}

static void put_value(union option *o, int id, int v)
{
	o->value.assoc_id = id;
	o->value.assoc_value = v;
}

static int got_value(const union option *o)
{
	return o->value.assoc_value;
}

static void put_snd(union option *o, int id, int v)
{
	o->snd.snd_assoc_id = id;
	o->snd.snd_sid = v;
}

static int got_snd(const union option *o)
{
	return o->snd.snd_sid;
}

static void put_sndrcv(union option *o, int id, int v)
{
	o->sndrcv.sinfo_assoc_id = id;
	o->sndrcv.sinfo_stream = v;
}

static int got_sndrcv(const union option *o)
{
	return o->sndrcv.sinfo_stream;
}

static void put_prinfo(union option *o, int id, int v)
{
	o->prinfo.pr_assoc_id = id;
	o->prinfo.pr_policy = SCTP_PR_SCTP_RTX;
	o->prinfo.pr_value = v;
}

static int got_prinfo(const union option *o)
{
	return o->prinfo.pr_value;
}

static const struct option_kind {
	int name;
	socklen_t size;
	void (*put)(union option *o, int id, int v);
	int (*got)(const union option *o);
	bool all;	/* may be set for all associations at once */
	int step;	/* values are multiples of it */
} kinds[] = {
	{ SCTP_RTOINFO, sizeof(struct sctp_rtoinfo), put_rto, got_rto, false,
	  100 },
	{ SCTP_ASSOCINFO, sizeof(struct sctp_assocparams), put_params,
	  got_params, false, 1 },
	/* What an association says is what it cuts messages into. */
	{ SCTP_MAXSEG, sizeof(struct sctp_assoc_value), put_value, got_value,
	  false, 500 },
	{ SCTP_DELAYED_SACK, sizeof(struct sctp_sack_info), put_sack, got_sack,
	  true, 2 },
	{ SCTP_MAX_BURST, sizeof(struct sctp_assoc_value), put_value, got_value,
	  true, 1 },
	{ SCTP_CONTEXT, sizeof(struct sctp_assoc_value), put_value, got_value,
	  true, 1 },
	{ SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, sizeof(struct sctp_assoc_value),
	  put_value, got_value, false, 1 },
	/* These two set the same thing. */
	{ SCTP_DEFAULT_SNDINFO, sizeof(struct sctp_sndinfo), put_snd, got_snd,
	  true, 1 },
	{ SCTP_DEFAULT_SEND_PARAM, sizeof(struct sctp_sndrcvinfo), put_sndrcv,
	  got_sndrcv, true, 1 },
	/* And the second one of them resets this. */
	{ SCTP_DEFAULT_PRINFO, sizeof(struct sctp_default_prinfo), put_prinfo,
	  got_prinfo, true, 1 },
};

/* 0 or the errno of setting an option. */
static int set(int fd, const struct option_kind *kind, int id, int v)
{
	union option o;

	memset(&o, 0, sizeof(o));
	kind->put(&o, id, v * kind->step);
	return CHILD_ERRNO(setsockopt(fd, SOL_SCTP, kind->name, &o,
				      kind->size));
}

/* The value, or minus the errno. */
static int get(int fd, const struct option_kind *kind, int id)
{
	socklen_t len = kind->size;
	union option o;

	memset(&o, 0, sizeof(o));
	kind->put(&o, id, 0);
	if (getsockopt(fd, SOL_SCTP, kind->name, &o, &len))
		return -errno;
	return len == kind->size ? kind->got(&o) / kind->step : -EOVERFLOW;
}

#define FOR_EACH_KIND(kind) \
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++)

FIXTURE(scope) {
	struct pair p;
};

SCTP_FIXTURE_VARIANT(scope);
SCTP_VARIANTS(scope);

FIXTURE_SETUP(scope)
{
	enter_netns(_metadata);
	pair_open(_metadata, &variant->fl, &self->p);
}

FIXTURE_TEARDOWN(scope)
{
}

TEST_F(scope, one_association)
{
	const struct option_kind *kind;
	int fd = self->p.client.fd, id = self->p.client.id, later;

	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		later = get(fd, kind, SCTP_FUTURE_ASSOC);
		EXPECT_EQ(0, set(fd, kind, id, 2));
		EXPECT_EQ(2, get(fd, kind, id));
		/* One-to-one: there is but one, whatever the id. */
		if (one_to_one(&variant->fl))
			later = 2;
		EXPECT_EQ(later, get(fd, kind, SCTP_FUTURE_ASSOC));
	}
}

TEST_F(scope, later_associations)
{
	const struct option_kind *kind;
	int fd = self->p.client.fd, id = self->p.client.id, now;

	if (one_to_one(&variant->fl))
		return;
	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		now = get(fd, kind, id);
		EXPECT_EQ(0, set(fd, kind, SCTP_FUTURE_ASSOC, 2));
		EXPECT_EQ(now, get(fd, kind, id));
		EXPECT_EQ(2, get(fd, kind, SCTP_FUTURE_ASSOC));
	}
}

/* There is a socket's setting, and there are those of its associations. */
TEST_F(scope, current_associations)
{
	const struct option_kind *kind;
	int fd = self->p.client.fd, id = self->p.client.id, later;

	if (one_to_one(&variant->fl))
		return;
	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		if (!kind->all) {
			EXPECT_EQ(EINVAL, set(fd, kind, SCTP_CURRENT_ASSOC, 2));
			EXPECT_EQ(EINVAL, set(fd, kind, SCTP_ALL_ASSOC, 2));
		} else {
			later = get(fd, kind, SCTP_FUTURE_ASSOC);
			EXPECT_EQ(0, set(fd, kind, SCTP_CURRENT_ASSOC, 2));
			EXPECT_EQ(2, get(fd, kind, id));
			EXPECT_EQ(later, get(fd, kind, SCTP_FUTURE_ASSOC));
			EXPECT_EQ(0, set(fd, kind, SCTP_ALL_ASSOC, 3));
			EXPECT_EQ(3, get(fd, kind, id));
			EXPECT_EQ(3, get(fd, kind, SCTP_FUTURE_ASSOC));
		}
		EXPECT_EQ(-EINVAL, get(fd, kind, SCTP_CURRENT_ASSOC));
		EXPECT_EQ(-EINVAL, get(fd, kind, SCTP_ALL_ASSOC));
	}
}

TEST_F(scope, no_such_association)
{
	const struct option_kind *kind;
	int fd = self->p.client.fd, id = self->p.client.id + 1000;

	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		if (one_to_one(&variant->fl)) {
			/* The id has no meaning. */
			EXPECT_EQ(0, set(fd, kind, id, 2));
			EXPECT_EQ(2, get(fd, kind, -1));
			continue;
		}
		EXPECT_EQ(EINVAL, set(fd, kind, id, 2));
		EXPECT_EQ(-EINVAL, get(fd, kind, id));
		EXPECT_EQ(-EINVAL, get(fd, kind, -1));
		/* The C module says that it has set something. */
		if (!is_c_module())
			EXPECT_EQ(EINVAL, set(fd, kind, -1, 2));
	}
}

/* Somebody else's association is none of ours. */
TEST_F(scope, association_of_another_socket)
{
	const struct option_kind *kind;

	if (one_to_one(&variant->fl))
		return;
	FOR_EACH_KIND(kind) {
		EXPECT_EQ(EINVAL, set(self->p.client.fd, kind,
				      self->p.server.id, 2));
		EXPECT_EQ(-EINVAL, get(self->p.client.fd, kind,
				       self->p.server.id));
	}
}

FIXTURE(inherit) {
	struct pair p;	/* not connected */
};

SCTP_FIXTURE_VARIANT(inherit);
SCTP_VARIANTS(inherit);

FIXTURE_SETUP(inherit)
{
	enter_netns(_metadata);
	self->p.listener = listening_socket(_metadata, &variant->fl,
					    &self->p.addr);
	self->p.client.fd = open_socket(_metadata, &variant->fl);
}

FIXTURE_TEARDOWN(inherit)
{
}

/* Both ends begin with what their sockets had, and so does who was accepted. */
TEST_F(inherit, by_associations)
{
	const struct option_kind *kind;
	struct pair *p = &self->p;

	FOR_EACH_KIND(kind) {
		EXPECT_EQ(0, set(p->client.fd, kind, SCTP_FUTURE_ASSOC, 2));
		EXPECT_EQ(0, set(p->listener, kind, SCTP_FUTURE_ASSOC, 2));
	}
	pair_join(_metadata, &variant->fl, p);
	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		EXPECT_EQ(2, get(p->client.fd, kind, p->client.id));
		EXPECT_EQ(2, get(p->server.fd, kind, p->server.id));
	}
}

/* Not what is set after they have come about. */
TEST_F(inherit, only_from_before)
{
	const struct option_kind *kind;
	struct pair *p = &self->p;
	int before;

	pair_join(_metadata, &variant->fl, p);
	FOR_EACH_KIND(kind) {
		TH_LOG("option %d", kind->name);
		before = get(p->server.fd, kind, p->server.id);
		EXPECT_EQ(0, set(p->listener, kind, SCTP_FUTURE_ASSOC, 2));
		EXPECT_EQ(before, get(p->server.fd, kind, p->server.id));
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU that counts how often each block of the guest's instructions
 * is run: records of four 64-bit numbers, the address of a block, how many
 * instructions it has, how many of them are atomic, and how often it ran. They
 * are written to a file each time the guest comes to the instruction that
 * mark_profile() in sctp_bench.h has; the guest stands still meanwhile. What
 * happened between two moments is the difference of two files.
 *
 *	-plugin profile.so,counts=PREFIX	writes PREFIX.0, PREFIX.1, ...
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qemu_plugin.h"

#define RECORDS (1 << 21)

EXPORT int qemu_plugin_version = 1;

struct record {
	uint64_t addr;
	uint64_t instructions;
	uint64_t atomics;
	uint64_t runs;
};

static const char *prefix;
static struct record *records;
static unsigned int used;

static void block_runs(unsigned int cpu, void *data)
{
	struct record *record = data;

	record->runs++;
}

static void write_copy(unsigned int cpu, void *data)
{
	static unsigned int copies;
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s.%u", prefix, copies++);
	file = fopen(name, "w");
	if (!file || fwrite(records, sizeof(*records), used, file) != used ||
	    fclose(file))
		perror(name);
}

static bool is_mark(const struct qemu_plugin_insn *insn)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 'S', 'C', 'T', 'P' };

	return qemu_plugin_insn_size(insn) == sizeof(mark) &&
	       !memcmp(qemu_plugin_insn_data(insn), mark, sizeof(mark));
}

/* With a LOCK prefix, or an XCHG with memory, which needs none. */
static bool is_atomic(const struct qemu_plugin_insn *insn)
{
	const uint8_t *p = qemu_plugin_insn_data(insn);
	const uint8_t *end = p + qemu_plugin_insn_size(insn);

	for (; p < end && *p; p++) {
		if (*p == 0xf0)
			return true;
		/* Other prefixes: of size, of segments, of repetition, REX. */
		if (!strchr("\x66\x67\x2e\x36\x3e\x26\x64\x65\xf2\xf3", *p) &&
		    (*p & 0xf0) != 0x40)
			break;
	}
	return end - p >= 2 && (p[0] & 0xfe) == 0x86 && p[1] < 0xc0;
}

static void block_is_made(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct record *record = &records[used];
	struct qemu_plugin_insn *insn;
	size_t i;

	if (used == RECORDS)
		return;
	used++;
	record->instructions = qemu_plugin_tb_n_insns(tb);
	for (i = 0; i < record->instructions; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		record->atomics += is_atomic(insn);
		if (is_mark(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, write_copy, 0, NULL);
	}
	record->addr = qemu_plugin_tb_vaddr(tb);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, 0, record);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "counts=", 7))
		return -1;
	prefix = strdup(argv[0] + 7);
	records = calloc(RECORDS, sizeof(*records));
	if (!prefix || !records) {
		perror(argv[0]);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_is_made);
	return 0;
}

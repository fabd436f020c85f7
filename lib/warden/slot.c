/* SPDX-License-Identifier: MIT */
/* The table file, the deadline heap, the index of process IDs. See slot.h. */
#include "warden/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

#define PIDS_SIZE 32768		/* power of two, > 4 × slots */

struct pid_entry { pid_t pid; int slot; };	/* pid 0: free */

static struct pid_entry pids[PIDS_SIZE];
static int pids_used;
static int heap[WIRE_SLOTS_MAX];
static int heap_len;

struct table *
table_open(const char *path, bool resume, int *lock_fd, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct table *t;

	if (fd < 0) {
		err_sys(err, errno, "cannot open %s", path);
		return NULL;
	}
	if (!resume && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		struct table_head head = { 0 };

		if (pread(fd, &head, sizeof head, 0) < 0)
			head.warden_pid = 0;
		err_set(err, "already running as process %d (%s is locked)",
		    head.warden_pid, path);
		close(fd);
		return NULL;
	}
	if (ftruncate(fd, sizeof *t) < 0 ||
	    (t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0)) == MAP_FAILED) {
		err_sys(err, errno, "cannot map %s", path);
		close(fd);
		return NULL;
	}
	if (resume) {		/* the lock came with us through exec */
		close(fd);
		fd = t->head.lock_fd;
	}
	*lock_fd = fd;
	return t;
}

void
table_init(struct table *t, int lock_fd)
{
	for (uint32_t i = 0; i < t->head.slots_used; i++)
		memset(&t->slots[i], 0, sizeof t->slots[i]);
	memset(&t->head, 0, sizeof t->head);
	t->head.magic = TABLE_MAGIC;
	t->head.version = WIRE_VERSION;
	t->head.lock_fd = lock_fd;
	t->head.warden_pid = getpid();
	t->head.started_ms = clock_boot_ms();
	t->head.next_serial = 1;
	snprintf(t->head.boot_id, sizeof t->head.boot_id, "%s",
	    clock_boot_id());
}

static void
heap_place(struct table *t, int at, int slot)
{
	heap[at] = slot;
	t->slots[slot].heap_at = at;
}

static bool
heap_before(const struct table *t, int a, int b)
{
	return t->slots[a].next_ms < t->slots[b].next_ms;
}

static void
heap_sift(struct table *t, int at)
{
	int slot = heap[at];

	while (at > 0 && heap_before(t, slot, heap[(at - 1) / 2])) {
		heap_place(t, at, heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		int kid = 2 * at + 1;

		if (kid + 1 < heap_len &&
		    heap_before(t, heap[kid + 1], heap[kid]))
			kid++;
		if (kid >= heap_len || !heap_before(t, heap[kid], slot))
			break;
		heap_place(t, at, heap[kid]);
		at = kid;
	}
	heap_place(t, at, slot);
}

void
heap_clear(struct table *t, struct slot *s)
{
	int at = s->heap_at, last;

	if (at < 0)
		return;
	s->heap_at = -1;
	s->next_ms = WIRE_NEVER;
	last = heap[--heap_len];
	if (at == heap_len)
		return;
	heap_place(t, at, last);
	heap_sift(t, at);
}

void
heap_set(struct table *t, struct slot *s, int64_t next_ms)
{
	if (next_ms == WIRE_NEVER) {
		heap_clear(t, s);
		return;
	}
	s->next_ms = next_ms;
	if (s->heap_at < 0)
		heap_place(t, heap_len++, s - t->slots);
	heap_sift(t, s->heap_at);
}

struct slot *
heap_first(struct table *t)
{
	return heap_len ? &t->slots[heap[0]] : NULL;
}

void
heap_rebuild(struct table *t)
{
	heap_len = 0;
	for (uint32_t i = 0; i < t->head.slots_used; i++) {
		struct slot *s = &t->slots[i];
		int64_t next_ms = s->heap_at < 0 ? WIRE_NEVER : s->next_ms;

		s->heap_at = -1;
		if (s->phase != SLOT_FREE)
			heap_set(t, s, next_ms);
	}
}

static unsigned
pid_hash(pid_t pid)
{
	return (unsigned)pid * 2654435761u >> 17;
}

static struct pid_entry *
pid_find(pid_t pid)
{
	unsigned at = pid_hash(pid);

	while (pids[at].pid && pids[at].pid != pid)
		at = (at + 1) % PIDS_SIZE;
	return &pids[at];
}

void
pids_put(pid_t pid, int slot)
{
	struct pid_entry *e = pid_find(pid);

	/* Strangers beyond the room are looked at again at each sweep. */
	if (!e->pid && pids_used >= PIDS_SIZE / 2 && slot == PIDS_IGNORED)
		return;
	pids_used += !e->pid;
	e->pid = pid;
	e->slot = slot;
}

int
pids_get(pid_t pid)
{
	struct pid_entry *e = pid_find(pid);

	return e->pid ? e->slot : PIDS_NONE;
}

void
pids_del(pid_t pid)
{
	unsigned hole = pid_find(pid) - pids, at = hole;

	if (!pids[hole].pid)
		return;
	/* Close the hole: move up what would no longer be found. */
	for (;;) {
		at = (at + 1) % PIDS_SIZE;
		if (!pids[at].pid)
			break;
		if ((at - pid_hash(pids[at].pid)) % PIDS_SIZE <
		    (at - hole) % PIDS_SIZE)
			continue;
		pids[hole] = pids[at];
		hole = at;
	}
	pids[hole].pid = 0;
	pids_used--;
}

int64_t
proc_started_ms(pid_t pid)
{
	char path[32], text[1024], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	p = strrchr(text, ')');		/* the name may hold anything */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoll(p + 1, NULL, 10) * 1000 / sysconf(_SC_CLK_TCK) : -1;
}

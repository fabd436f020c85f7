/* SPDX-License-Identifier: MIT */
/*
 * The words between warden and agent: one packet each on a SOCK_SEQPACKET
 * pair, native byte order (both are the same machine; a version is checked
 * first), descriptors by SCM_RIGHTS. Shapes and limits only.
 *
 * A *slot* is the warden's place for one name: its pipes, its process, its
 * deadline. The agent picks the number (0 … WIRE_SLOTS_MAX-1). A slot runs at
 * most one process at a time; `serial` (chosen by the agent, going up) names
 * that run. stdout and stderr pipes belong to the slot and outlive each
 * process: the agent gets the read ends once, and a respawn passes no
 * descriptor unless the child has a channel or a ready pipe.
 *
 *   agent → warden                    warden → agent
 *   SPAWN   start a process           SPAWNED  its pid, new descriptors
 *                                     SPAWN_FAILED  errno and what failed
 *   STOP    set the deadline: stop    EXITED   wait status, when the process
 *           signals from term_ms on,           and its group are gone; said
 *           KILL at kill_ms                    again after each WELCOME until
 *   EXTEND  move an unfired deadline           ACKed
 *   SIGNAL  one signal, group or pid
 *   MAIN_PID  watch this descendant instead
 *   NOTE    replace the slot's note
 *   ACK     EXITED or SPAWN_FAILED    WELCOME  first packet to each agent
 *           was digested
 *   FREE    forget the slot           SLOT     one per slot in use, with all
 *   KEEP    hold a descriptor                  its descriptors, after WELCOME
 *   DROP    let go of it              KEPT     one per held descriptor
 *   EXEC    become another binary     READY    end of the list
 *   BYE     everything is done: exit  HOST     TERM/INT, HUP, USR2 arrived
 *   ALIVE   answer to HOST_STOP: the agent is at it
 */
#ifndef WARDEN_WIRE_H
#define WARDEN_WIRE_H

#include <stdint.h>

#include "base/limits.h"

#define WIRE_VERSION 1			/* of the packets and the table */
#define WIRE_SLOTS_MAX CHILDREN_MAX
#define WIRE_PACKET_MAX (192 * 1024)	/* bytes: argv and environment too */
#define WIRE_NOTE_MAX 256		/* bytes the agent may attach to a slot */
#define WIRE_KEPT_MAX 16		/* descriptors held for the agent */
#define WIRE_GROUPS_MAX 64
#define WIRE_RLIMITS_MAX 16
#define WIRE_SIGNALS_MAX 8
#define WIRE_NEVER INT64_MAX		/* a deadline that is not */

enum wire_type {
	WIRE_SPAWN = 1, WIRE_STOP, WIRE_EXTEND, WIRE_SIGNAL, WIRE_MAIN_PID,
	WIRE_NOTE, WIRE_ACK, WIRE_FREE, WIRE_KEEP, WIRE_DROP, WIRE_EXEC,
	WIRE_BYE, WIRE_ALIVE,
	WIRE_WELCOME = 64, WIRE_SLOT, WIRE_KEPT, WIRE_READY, WIRE_SPAWNED,
	WIRE_SPAWN_FAILED, WIRE_EXITED, WIRE_HOST,
};

struct wire_head {
	uint32_t type;
	uint32_t slot;		/* 0 where there is none */
	uint64_t serial;	/* 0 where there is none */
};

/* Descriptors come in this order, those whose bit is set. */
enum wire_fd {
	WIRE_FD_OUT = 1,	/* read end of standard output (and error) */
	WIRE_FD_ERR = 2,	/* read end of standard error, if separate */
	WIRE_FD_CHANNEL = 4,	/* our end of the channel */
	WIRE_FD_NOTIFY = 8,	/* sd_notify datagrams arrive here */
	WIRE_FD_READY = 16,	/* read end of the ready pipe */
	WIRE_FDS_MAX = 5
};

struct wire_rlimit { int32_t resource; uint32_t pad; uint64_t soft, hard; };

struct wire_spawn {
	struct wire_head head;
	char name[NAME_LEN_MAX + 1 + 7];
	uint32_t want_fds;		/* WIRE_FD_*; OUT and ERR are made once
					 * a slot, NOTIFY too; the others anew */
	int32_t channel_fd;		/* number in the child when CHANNEL */
	int32_t ready_fd;		/* number in the child when READY */
	char notify_name[64];		/* abstract address without the NUL byte
					 * in front, when NOTIFY */
	uint32_t set_user;		/* 1: uid, gid, groups apply */
	uint32_t uid, gid;
	uint32_t ngroups;
	uint32_t groups[WIRE_GROUPS_MAX];
	int32_t umask;			/* -1: as the warden */
	uint32_t nrlimits;
	struct wire_rlimit rlimits[WIRE_RLIMITS_MAX];
	uint32_t nsignals;		/* the stop plan */
	int32_t signals[WIRE_SIGNALS_MAX];
	int64_t stop_timeout_ms;	/* for when the warden stops it alone */
	int64_t term_ms, kill_ms;	/* CLOCK_BOOTTIME; WIRE_NEVER */
	uint8_t note[WIRE_NOTE_MAX];
	uint32_t argc, envc;
	uint32_t text_len;
	/* Then text_len bytes: working folder ("" as the warden), argc
	 * arguments, envc "K=V", each ended by a NUL. argv[0] without a slash
	 * is looked up in the PATH among the child's own environment. */
};

struct wire_stop {	/* STOP, EXTEND */
	struct wire_head head;
	int64_t term_ms, kill_ms;
	uint32_t abort_first;	/* send ABRT before the plan's signals */
	uint32_t pad;
};

struct wire_signal { struct wire_head head; int32_t signo;
    uint32_t group; };			/* 1: the process group */
struct wire_main_pid { struct wire_head head; int32_t pid; uint32_t pad; };
struct wire_note { struct wire_head head; uint8_t note[WIRE_NOTE_MAX]; };
struct wire_keep { struct wire_head head; uint32_t tag; uint32_t pad; };
	/* KEEP (with 1 descriptor), DROP, KEPT (with 1 descriptor) */
struct wire_exec { struct wire_head head; char path[4096]; };

struct wire_welcome {
	struct wire_head head;
	uint32_t version;
	int32_t warden_pid;
	int64_t started_ms;	/* of the warden */
	uint64_t next_serial;	/* higher than any in use */
	uint32_t agent_runs;	/* 1: this is the first agent */
	uint32_t stopping;	/* 1: HOST_STOP is in force */
};

struct wire_slot {
	struct wire_head head;
	char name[NAME_LEN_MAX + 1 + 7];
	uint32_t fds;		/* WIRE_FD_* that come along */
	int32_t pid;		/* 0: nothing runs */
	int64_t started_ms;
	uint32_t exited;	/* 1: an EXITED will follow the READY */
	uint32_t pad;
	int64_t term_ms, kill_ms;
	uint8_t note[WIRE_NOTE_MAX];
};

struct wire_spawned { struct wire_head head; int32_t pid; uint32_t fds;
    int64_t started_ms; };

enum wire_stage {	/* where a spawn failed */
	WIRE_STAGE_REQUEST = 1, WIRE_STAGE_PIPE, WIRE_STAGE_CLONE,
	WIRE_STAGE_SESSION, WIRE_STAGE_RLIMIT, WIRE_STAGE_USER,
	WIRE_STAGE_FOLDER, WIRE_STAGE_FD, WIRE_STAGE_EXEC,
};
struct wire_spawn_failed { struct wire_head head; int32_t errnum;
    uint32_t stage; };

struct wire_exited {
	struct wire_head head;
	int32_t status;		/* as waitpid(2) gives it */
	uint32_t fenced;	/* 1: a deadline ended it, not a STOP */
	int64_t when_ms;
};

enum wire_host { WIRE_HOST_STOP = 1, WIRE_HOST_RELOAD, WIRE_HOST_REOPEN };
struct wire_host_signal { struct wire_head head; uint32_t what;
    uint32_t pad; };

#endif

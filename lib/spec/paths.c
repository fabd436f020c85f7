/* SPDX-License-Identifier: MIT */
/* See paths.h. */
#include "spec/paths.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

char *
paths_run_root(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	return mem_printf("%s/swarmsup", xdg && xdg[0] == '/' ? xdg : "/run");
}

char *
paths_host_name(void)
{
	struct utsname u;
	char *name;

	if (uname(&u) < 0)
		return mem_strdup("localhost");
	name = mem_strndup(u.nodename, NAME_LEN_MAX);
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.@:-", *p))
			*p = '-';
	if (name_check(name, NULL) == 0)
		return name;
	free(name);
	return mem_strdup("localhost");
}

static const char *
home(void)
{
	const char *dir = getenv("HOME");
	struct passwd *pw;

	if (dir && dir[0] == '/')
		return dir;
	pw = getpwuid(getuid());
	return pw ? pw->pw_dir : "/";
}

void
paths_init(struct paths *p, const char *fleet, const char *host,
    const struct agent_spec *agent)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	bool system = geteuid() == 0 && !(xdg && xdg[0] == '/');
	char *root = paths_run_root();

	p->run_dir = mem_printf("%s/%s", root, fleet);
	p->socket = mem_printf("%s/%s.sock", p->run_dir, host);
	p->table = mem_printf("%s/%s.table", p->run_dir, host);
	free(root);
	if (agent && agent->state_dir)
		p->state_dir = mem_strdup(agent->state_dir);
	else if (system)
		p->state_dir = mem_printf("/var/lib/swarmsup/%s/%s", fleet,
		    host);
	else if (xdg && xdg[0] == '/')
		p->state_dir = mem_printf("%s/swarmsup/%s/%s", xdg, fleet,
		    host);
	else
		p->state_dir = mem_printf("%s/.local/state/swarmsup/%s/%s",
		    home(), fleet, host);
	p->database = mem_printf("%s/state.db", p->state_dir);
	p->agent_log = mem_printf("%s/agent.log", p->state_dir);
	if (agent && agent->log_dir)
		p->log_dir = mem_strdup(agent->log_dir);
	else if (system)
		p->log_dir = mem_printf("/var/log/swarmsup/%s/%s", fleet,
		    host);
	else
		p->log_dir = mem_printf("%s/log", p->state_dir);
}

void
paths_release(struct paths *p)
{
	free(p->run_dir);
	free(p->socket);
	free(p->table);
	free(p->state_dir);
	free(p->database);
	free(p->agent_log);
	free(p->log_dir);
	*p = (struct paths){ 0 };
}

static int
make_private(const char *dir, struct err *err)
{
	struct stat st;

	if (fs_mkdirs(dir, 0700, err) < 0)
		return -1;
	if (stat(dir, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", dir);
	if (st.st_uid != geteuid())
		return err_set(err, "%s belongs to another user (uid %u)",
		    dir, (unsigned)st.st_uid);
	if (st.st_mode & 077 && chmod(dir, 0700) < 0)
		return err_sys(err, errno, "cannot make %s private", dir);
	return 0;
}

int
paths_make(const struct paths *p, struct err *err)
{
	if (make_private(p->run_dir, err) < 0 ||
	    make_private(p->state_dir, err) < 0)
		return -1;
	return fs_mkdirs(p->log_dir, 0750, err);
}

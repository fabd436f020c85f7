/* SPDX-License-Identifier: MIT */
/* See client.h. */
#include "client/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "spec/paths.h"

/* The one socket in a fleet's runtime folder, else where it would be. */
static char *
socket_of(const char *fleet)
{
	char *host = paths_host_name(), *found;
	struct paths paths;
	struct dirent *e;
	DIR *dir;

	paths_init(&paths, fleet, host, NULL);
	found = mem_strdup(paths.socket);
	dir = access(found, F_OK) < 0 ? opendir(paths.run_dir) : NULL;
	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < 6 || strcmp(e->d_name + len - 5, ".sock") != 0)
			continue;
		free(found);
		found = mem_printf("%s/%s", paths.run_dir, e->d_name);
	}
	if (dir)
		closedir(dir);
	paths_release(&paths);
	free(host);
	return found;
}

char *
client_socket(const char *given, const char *fleet, char *const *files,
    struct err *err)
{
	char *none[] = { "swarmsup.yaml", NULL };
	struct spec_errors errors = { 0 };
	struct fleet_spec *spec;
	char *found;

	if (given)
		return mem_strdup(given);
	if (fleet)
		return socket_of(fleet);
	if (!files && getenv("SWARMSUP_SOCKET"))
		return mem_strdup(getenv("SWARMSUP_SOCKET"));
	if (!files && access(none[0], R_OK) < 0) {
		err_set(err, "which fleet? There is no swarmsup.yaml in this "
		    "folder; use -f FILE, -F FLEET or -s SOCKET");
		return NULL;
	}
	spec = fleet_spec_load(files ? files : none, &errors);
	if (!spec) {
		struct buf text;

		buf_init(&text, ERR_TEXT_MAX - 1);
		for (char **l = errors.lines; l && *l; l++)
			buf_printf(&text, "%s%s", text.len ? "\n" : "", *l);
		err_set(err, "%s", text.data);
		if (err)
			err->code = EINVAL;
		buf_release(&text);
		spec_errors_release(&errors);
		return NULL;
	}
	found = socket_of(spec->name);
	fleet_spec_free(spec);
	return found;
}

static size_t
on_data(char *data, size_t size, size_t n, void *arg)
{
	buf_add(arg, data, size * n);
	return buf_ok(arg) ? size * n : 0;
}

static int
explain(CURLcode code, CURL *curl, const char *socket, struct err *err)
{
	long os = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT)
		return err_sys(err, os ? os : ECONNREFUSED, "no agent answers "
		    "at %s (is it up? swarmsup up)", socket);
	err_set(err, "the agent at %s broke off: %s", socket,
	    curl_easy_strerror(code));
	if (err)
		err->code = code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT :
		    EPIPE;
	return -1;
}

int
client_request(const char *socket, const char *method, const char *path,
    const char *body, int64_t timeout_ms, struct reply *reply,
    struct err *err)
{
	struct curl_slist *headers = NULL;
	char *url = mem_printf("http://localhost%s", path);
	CURLcode code;
	CURL *curl;
	long status = 0;
	int ret = 0;

	curl_global_init(CURL_GLOBAL_NOTHING);
	buf_init(&reply->body, 0);
	curl = curl_easy_init();
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
		    (long)strlen(body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	reply->code = status;
	if (code != CURLE_OK) {
		ret = explain(code, curl, socket, err);
		buf_release(&reply->body);
	}
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	free(url);
	return ret;
}

char *
client_encode(const char *text)
{
	struct buf out;

	buf_init(&out, 0);
	for (const char *p = text; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_.~", *p))
			buf_putc(&out, *p);
		else
			buf_printf(&out, "%%%02X", (unsigned char)*p);
	}
	return buf_take(&out);
}

/* In the grandchild: nothing of the terminal stays. */
static void
become_daemon(char *const *argv, const char *log)
{
	int in = open("/dev/null", O_RDONLY),
	    out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (out < 0)
		out = open("/dev/null", O_WRONLY);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	unsetenv("SWARMSUP_SOCKET");
	unsetenv("SWARMSUP_NAME");
	if (chdir("/") < 0)
		_exit(127);
	execv("/proc/self/exe", argv);
	_exit(127);
}

int
client_launch(char *const *argv, const char *log, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, errno, "cannot start the agent");
	if (pid == 0) {
		setsid();
		if (fork() == 0)
			become_daemon(argv, log);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

//go:build cgo

#include "load.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#pragma pack(push, 1)
#else
#include <dlfcn.h>
#endif

/* The function list of PKCS#11 2.x: a version and 68 functions in a fixed order. */
struct functions {
	unsigned char major, minor;
	void *call[68];
};

struct mechanism {
	unsigned long type;
	void *parameter;
	unsigned long length;
};

#ifdef _WIN32
#pragma pack(pop)
#endif

enum { INITIALIZE = 0, LOGIN = 18, SIGN_INIT = 42, SIGN = 43 };

struct library {
	struct functions *functions;
};

typedef unsigned long (*get_function_list)(struct functions **);

#ifdef _WIN32
static void *open_library(const char *path, char *why, size_t room)
{
	static wchar_t wide[32768]; /* too long for the stack of a Go thread */
	void *handle;
	if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768) == 0) {
		snprintf(why, room, "path of a wrong form");
		return NULL;
	}
	/* Its own DLLs are looked for beside it, not beside us. */
	handle = LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
	if (handle == NULL)
		snprintf(why, room, "error %lu", (unsigned long)GetLastError());
	return handle;
}

static get_function_list entry(void *handle)
{
	return (get_function_list)(void *)GetProcAddress((HMODULE)handle, "C_GetFunctionList");
}
#else
static void *open_library(const char *path, char *why, size_t room)
{
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (handle == NULL) {
		const char *text = dlerror();
		snprintf(why, room, "%s", text != NULL ? text : "dlopen failed");
	}
	return handle;
}

static get_function_list entry(void *handle)
{
	return (get_function_list)dlsym(handle, "C_GetFunctionList");
}
#endif

struct library *tanba_load(const char *path, char *why, size_t room)
{
	struct functions *functions = NULL;
	struct library *l;
	get_function_list get;
	unsigned long code;
	void *handle = open_library(path, why, room);
	if (handle == NULL)
		return NULL;
	get = entry(handle);
	if (get == NULL) {
		snprintf(why, room, "no C_GetFunctionList in it");
		return NULL;
	}
	code = get(&functions);
	if (code != 0 || functions == NULL) {
		snprintf(why, room, "C_GetFunctionList: 0x%lX", code);
		return NULL;
	}
	l = calloc(1, sizeof *l);
	if (l == NULL)
		snprintf(why, room, "out of memory");
	else
		l->functions = functions;
	return l;
}

unsigned long tanba_initialize_null(struct library *l)
{
	return ((unsigned long (*)(void *))l->functions->call[INITIALIZE])(NULL);
}

unsigned long tanba_login(struct library *l, unsigned long session, unsigned long user, void *pin, unsigned long length)
{
	return ((unsigned long (*)(unsigned long, unsigned long, void *, unsigned long))l->functions->call[LOGIN])(session, user, pin, length);
}

unsigned long tanba_sign_init(struct library *l, unsigned long session, unsigned long mechanism, unsigned long key)
{
	struct mechanism m = {mechanism, NULL, 0};
	return ((unsigned long (*)(unsigned long, struct mechanism *, unsigned long))l->functions->call[SIGN_INIT])(session, &m, key);
}

unsigned long tanba_sign(struct library *l, unsigned long session, void *data, unsigned long length, void *signature, unsigned long *size)
{
	return ((unsigned long (*)(unsigned long, void *, unsigned long, void *, unsigned long *))l->functions->call[SIGN])(session, data, length, signature, size);
}

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Before Go starts its threads, for no_new_privs is of the thread, and before
 * it opens files of its own: all that is open now was inherited. */
__attribute__((constructor)) static void drop_early(void)
{
	struct rlimit none = {0, 0};
	int fd;
	if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0)
		for (fd = 3; fd < 1024; fd++)
			close(fd);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
}
#endif

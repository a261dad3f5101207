// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* basename */
#include "stacks/elf_functions.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stacks/demangler.h"

/* The most characters of a function's name. */
#define NAME_BOUND 1020

typedef struct Elf Elf;
typedef struct Dwfl_Line Dwfl_Line;

/* Dwfl_Callbacks. */
struct callbacks {
	void *find_elf; /* unused: each file is given */
	/* It gets six more arguments, which a function may pass over. */
	int (*find_debuginfo)(Dwfl_Module *module, void **user_data);
	void *section_address; /* unused: no relocatable file is mapped */
	char **debuginfo_path;
};

/* What is used of elfutils/libdwfl.h and gelf.h, whose types are elf.h's. */
static struct {
	Dwfl *(*dwfl_begin)(const struct callbacks *callbacks);
	void (*dwfl_end)(Dwfl *dwfl);
	Dwfl_Module *(*dwfl_report_elf)(Dwfl *dwfl, const char *name,
					const char *file_name, int fd,
					Elf64_Addr base, bool add_p_vaddr);
	int (*dwfl_module_build_id)(Dwfl_Module *module,
				    const unsigned char **bits,
				    Elf64_Addr *address);
	Elf *(*dwfl_module_getelf)(Dwfl_Module *module, Elf64_Addr *bias);
	Elf64_Phdr *(*gelf_getphdr)(Elf *elf, int index, Elf64_Phdr *header);
	const char *(*dwfl_module_addrinfo)(Dwfl_Module *module,
					    Elf64_Addr address, Elf64_Off *into,
					    Elf64_Sym *symbol,
					    Elf64_Word *section, Elf **elf,
					    Elf64_Addr *bias);
	Dwfl_Line *(*dwfl_module_getsrc)(Dwfl_Module *module,
					 Elf64_Addr address);
	const char *(*dwfl_lineinfo)(Dwfl_Line *line, Elf64_Addr *address,
				     int *number, int *column,
				     Elf64_Xword *changed, Elf64_Xword *size);
} libdw;

int (*elf_open_debug_file)(const unsigned char *build_id, size_t size);

bool libdw_load(void)
{
	void *library = dlopen("libdw.so.1", RTLD_NOW);

#define LOAD(name) (*(void **)&libdw.name = dlsym(library, #name))
	return library && LOAD(dwfl_begin) && LOAD(dwfl_end) &&
	       LOAD(dwfl_report_elf) && LOAD(dwfl_module_build_id) &&
	       LOAD(dwfl_module_getelf) && LOAD(gelf_getphdr) &&
	       LOAD(dwfl_module_addrinfo) && LOAD(dwfl_module_getsrc) &&
	       LOAD(dwfl_lineinfo);
}

/*
 * Asked once for each module: the next time, it is about what several debug
 * files share (dwz(1)), which no line needs.
 */
static int find_debuginfo(Dwfl_Module *module, void **was_asked)
{
	const unsigned char *id;
	Elf64_Addr address;
	int size = libdw.dwfl_module_build_id(module, &id, &address);

	if (*was_asked)
		return -1;
	*was_asked = module;
	return size > 0 && size <= BUILD_ID_MAX
		       ? elf_open_debug_file(id, (size_t)size)
		       : -1;
}

void elf_file_open(struct elf_file *file, int fd)
{
	static const struct callbacks callbacks = {
		.find_debuginfo = find_debuginfo,
	};

	*file = (struct elf_file){0};
	if (libdw.dwfl_lineinfo)
		file->dwfl = libdw.dwfl_begin(&callbacks);
	if (file->dwfl)
		file->module =
			libdw.dwfl_report_elf(file->dwfl, "", "", fd, 0, true);
	if (!file->module)
		close(fd);
}

void elf_file_close(struct elf_file *file)
{
	if (file->dwfl)
		libdw.dwfl_end(file->dwfl);
}

/* The address at which the byte at `offset` of the file is loaded. */
static bool find_address(Dwfl_Module *module, uint64_t offset,
			 Elf64_Addr *address)
{
	Elf64_Addr bias;
	Elf *elf = libdw.dwfl_module_getelf(module, &bias);
	Elf64_Phdr segment;

	for (int i = 0; libdw.gelf_getphdr(elf, i, &segment); i++) {
		uint64_t into = offset - segment.p_offset;

		*address = bias + segment.p_vaddr + into;
		if (segment.p_type == PT_LOAD && offset >= segment.p_offset &&
		    into < segment.p_filesz)
			return true;
	}
	return false;
}

static int put_name(char *out, size_t size, const char *name, uint64_t into)
{
	char *readable = demangle(name);
	int put;

	if (readable)
		name = readable;
	put = snprintf(out, size, "%.*s%s+0x%lx", NAME_BOUND, name,
		       strnlen(name, NAME_BOUND + 1) > NAME_BOUND ? "..." : "",
		       (unsigned long)into);
	free(readable);
	return put;
}

void elf_function_put(const struct elf_file *file, uint64_t offset,
		      bool returns, bool with_line, char *text, size_t size)
{
	const char *name = NULL;
	const char *source = NULL;
	Dwfl_Line *line = NULL;
	Elf64_Addr address;
	Elf64_Off into;
	Elf64_Sym symbol;
	int number;
	int put;

	if (file->module &&
	    find_address(file->module, offset - returns, &address))
		name = libdw.dwfl_module_addrinfo(file->module, address, &into,
						  &symbol, NULL, NULL, NULL);
	if (!name)
		return;
	put = put_name(text, size, name, into + returns);
	if (with_line)
		line = libdw.dwfl_module_getsrc(file->module, address);
	if (line)
		source = libdw.dwfl_lineinfo(line, NULL, &number, NULL, NULL,
					     NULL);
	if (source)
		snprintf(text + put, size - (size_t)put, " %.255s:%d",
			 basename(source), number);
}

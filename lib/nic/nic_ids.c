/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of vendors and devices, from pci.ids (pci-ids.ucw.cz: "8086  Intel Corporation", below it
 * "\t10d3  82574L Gigabit Network Connection"). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nic/nic.h"
#include "nic/sysfs.h"

static FILE *
open_ids(const char *root)
{
	static const char *const paths[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
	FILE *file = NULL;

	for (unsigned i = 0; i < 2 && file == NULL; i++)
		file = xd_sysfs_file("%s%s", root, paths[i]);
	return file;
}

/* The number at the beginning, and the name behind it. False: another kind of line. */
static bool
split(char *line, unsigned *id, char **name)
{
	char *end;

	if (!isxdigit((unsigned char)line[0]))
		return false;
	*id = (unsigned)strtoul(line, &end, 16);
	if (end != line + 4 || strncmp(end, "  ", 2) != 0)
		return false;
	end[strcspn(end, "\n")] = '\0';
	*name = end + 2;
	return true;
}

void
xd_nic_names(const char *root, struct xd_nic *nics, unsigned n)
{
	FILE *file = n != 0 ? open_ids(root) : NULL;
	unsigned vendor = ~0u, id;
	char line[512], *name;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (split(line, &id, &name)) {
			vendor = id;
			for (unsigned i = 0; i < n; i++) {
				if (nics[i].vendor_id == vendor)
					snprintf(nics[i].vendor, XD_NIC_NAME, "%.*s",
						XD_NIC_NAME - 1, name);
			}
		} else if (line[0] == '\t' && split(line + 1, &id, &name)) {
			for (unsigned i = 0; i < n; i++) {
				if (nics[i].vendor_id == vendor && nics[i].device_id == id)
					snprintf(nics[i].device, XD_NIC_NAME, "%.*s",
						XD_NIC_NAME - 1, name);
			}
		} else if (line[0] != '\t' && line[0] != '#' && line[0] != '\n') {
			vendor = ~0u; /* the classes at the end */
		}
	}
	if (file != NULL)
		fclose(file);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration file of any bytes: read, checked, and if it is good, printed and read again. */
#include "control/yaml.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xd_lines *lines = xd_lines_create();
	struct xd_error err = {0};
	struct xd_daemon_config *config =
		xd_yaml_read_config((const char *)data, size, 0, lines, &err);
	char text[1024];

	MUST(config != NULL || err.text[0] != '\0');
	if (!config)
		xd_lines_format(lines, "fuzz.yaml", &err, text, sizeof(text));
	if (config && xd_daemon_config_check(config, &err) == 0) {
		json_t *json = xd_daemon_config_to_json(config);
		char *printed = xd_yaml_print(json, XD_YAML_CONFIG_LEVELS);
		struct xd_daemon_config *again;

		MUST(printed != NULL);
		again = xd_yaml_read_config(printed, strlen(printed), 0, NULL, &err);
		MUST(again != NULL);
		xd_daemon_config_destroy(again);
		free(printed);
		json_decref(json);
	}
	xd_daemon_config_destroy(config);
	xd_lines_destroy(lines);
	return 0;
}

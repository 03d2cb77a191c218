#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A file as an array of C: embed.py FILE NAME OUTPUT.c"""

import sys

path, name, output = sys.argv[1:]
with open(path, "rb") as source:
    data = source.read()
rows = (data[i:i + 16] for i in range(0, len(data), 16))
with open(output, "w", encoding="ascii") as sink:
    # Declared first, as -Wmissing-variable-declarations has it.
    sink.write("#include <stddef.h>\n"
               f"extern const unsigned char {name}[];\nextern const size_t {name}_bytes;\n"
               f"const unsigned char {name}[] __attribute__((aligned(8))) = {{\n" +
               "".join("\t" + " ".join(f"{byte:#04x}," for byte in row) + "\n" for row in rows) +
               f"}};\nconst size_t {name}_bytes = sizeof({name});\n")

/* SPDX-License-Identifier: BSD-3-Clause */
/* Around what an installed header declares: C linkage in C++, and visible outside of the shared
 * library, which hides everything else. */
#ifndef XD_BASE_API_H
#define XD_BASE_API_H

#ifdef __cplusplus
/* clang-format off */
#define XD_API_BEGIN extern "C" { _Pragma("GCC visibility push(default)")
#define XD_API_END   _Pragma("GCC visibility pop") }
/* clang-format on */
#else
#define XD_API_BEGIN _Pragma("GCC visibility push(default)")
#define XD_API_END   _Pragma("GCC visibility pop")
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/architecture.h"

#include <elf.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
    uint32_t machine;
    const char *name;
} machines[] = {
    {EM_X86_64, "x86_64"}, {EM_AARCH64, "arm64"}, {EM_386, "i386"},  {EM_ARM, "arm"},
    {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},   {EM_S390, "s390"}, {EM_NONE, "no machine"},
};

const char *architecture_of_host(struct utsname *name)
{
    if (uname(name) < 0)
        return "an unknown machine"; /* it cannot fail */
    return strcmp(name->machine, "aarch64") == 0 ? "arm64" : name->machine;
}

const char *architecture_of_elf(uint32_t machine)
{
    for (size_t i = 0; i < array_count(machines); i++) {
        if (machines[i].machine == machine)
            return machines[i].name;
    }
    return "another machine";
}

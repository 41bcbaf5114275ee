/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/steps.h"

#include <errno.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "sandbox/architecture.h"

static const struct {
    const char *what;
    const char *remedy; /* NULL: nothing to advise */
} steps[JAIL_STEP_COUNT] = {
    [JAIL_STEP_NONE] = {"the sandbox failed", NULL},
    [JAIL_STEP_OPTIONS] = {"the jail was started with wrong options", NULL},
    [JAIL_STEP_STATE_DIR] = {"cannot open the code store below the state directory",
                             "give the state directory to the user who starts lambd"},
    [JAIL_STEP_NAMESPACES] = {"cannot make a mount namespace",
                              "start lambd as root, or allow unprivileged user namespaces"},
    [JAIL_STEP_USER_MAP] = {"cannot make a user namespace",
                            "start lambd as root, or allow unprivileged user namespaces (sysctl "
                            "user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                            "kernel.apparmor_restrict_unprivileged_userns)"},
    [JAIL_STEP_ROOT] = {"cannot build the root of the sandboxes",
                        "a kernel from 5.12 on is needed"},
    [JAIL_STEP_ROOT_ETC] = {"cannot build /etc of the sandboxes", NULL},
    [JAIL_STEP_ROOT_DEV] = {"cannot build /dev of the sandboxes", NULL},
    [JAIL_STEP_UNPACKER] = {"cannot open lambd-unpack", "install lambd completely"},
    [JAIL_STEP_RUNTIMES] = {"the runtime's client is not installed", "install lambd completely"},
    [JAIL_STEP_CGROUP] = {"cannot make a control group", NULL},
    [JAIL_STEP_CGROUP_ATTACH] = {"cannot move a process into its control group", NULL},
    [JAIL_STEP_LIMITS] = {"cannot set the limits of a sandbox", NULL},
    [JAIL_STEP_CLONE] = {"cannot start a sandbox",
                         "the host's limit of processes, namespaces or memory may be reached"},
    [JAIL_STEP_HOSTNAME] = {"cannot name a sandbox", NULL},
    [JAIL_STEP_NET] = {"cannot bring a sandbox's loopback up", NULL},
    [JAIL_STEP_LISTENER] = {"cannot listen inside a sandbox", NULL},
    [JAIL_STEP_MOUNTS] = {"cannot mount the root of a sandbox", NULL},
    [JAIL_STEP_PROC] = {"cannot mount /proc in a sandbox",
                        "in a container lambd needs one whose /proc is not masked, or root"},
    [JAIL_STEP_TMP] = {"cannot mount /tmp in a sandbox", NULL},
    [JAIL_STEP_PIVOT] = {"cannot enter the root of a sandbox", NULL},
    [JAIL_STEP_RLIMITS] = {"cannot set the resource limits of a sandbox", NULL},
    [JAIL_STEP_IDS] = {"cannot give a sandbox its user id", "choose another uid base"},
    [JAIL_STEP_CAPS] = {"cannot drop capabilities in a sandbox", NULL},
    [JAIL_STEP_SECCOMP] = {"cannot load the system call filter",
                           "a kernel with CONFIG_SECCOMP_FILTER is needed"},
    [JAIL_STEP_CODE] = {"the function's code is not in the code store", NULL},
    [JAIL_STEP_LAYERS] = {"cannot put the function's layers together", NULL},
    [JAIL_STEP_ATTACH] = {"cannot attach the function's code to its sandbox", NULL},
    [JAIL_STEP_INTERPRETER] = {"this host has no interpreter for the runtime", NULL},
    [JAIL_STEP_BOOTSTRAP] = {"Couldn't find valid bootstrap(s): [/var/task/bootstrap "
                             "/opt/bootstrap]",
                             NULL},
    [JAIL_STEP_RUNTIME] = {"cannot start the runtime process", NULL},
    [JAIL_STEP_INIT_DIED] = {"the sandbox died", NULL},
    [JAIL_STEP_EVENTS] = {"the jail cannot watch its sandboxes", NULL},
    [JAIL_STEP_NET_NFT] = {"sandboxes have no outbound network: the program nft is missing",
                           "install the package nftables"},
    [JAIL_STEP_NET_PASTA] = {"sandboxes have no outbound network: without root it needs the "
                             "program pasta",
                             "install the package passt"},
    [JAIL_STEP_NET_TUN] = {"sandboxes have no outbound network: without root it needs "
                           "/dev/net/tun",
                           "let this user read and write /dev/net/tun"},
    [JAIL_STEP_NET_RANGE] = {"the network range is none like 10.232.0.0/16, or has not twice as "
                             "many addresses as there may be sandboxes",
                             "choose another with --network-range"},
    [JAIL_STEP_NET_OVERLAP] = {"a route of this host leads into the range of the sandboxes' "
                               "network",
                               "choose another with --network-range"},
    [JAIL_STEP_NET_UPLINK] = {"cannot build the sandboxes' network", NULL},
    [JAIL_STEP_NET_RULES] = {"nft cannot load the packet filter of the sandboxes' network",
                             "a kernel with nf_tables is needed"},
    [JAIL_STEP_NET_BOX] = {"cannot connect a sandbox to the network", NULL},
};

/* As AWS says it, and why. */
static void foreign_reason(struct reason *why, uint32_t machine)
{
    struct utsname name;

    if (machine)
        reason_set(why,
                   "fork/exec bootstrap: exec format error (a program for %s; this host is %s)",
                   architecture_of_elf(machine), architecture_of_host(&name));
    else
        reason_set(why, "fork/exec bootstrap: exec format error (neither a program nor a script)");
}

void step_reason(struct reason *why, const struct jail_failure *failure)
{
    size_t step = failure->step < array_count(steps) ? failure->step : JAIL_STEP_NONE;
    const char *remedy = steps[step].remedy;

    if (step == JAIL_STEP_BOOTSTRAP_FOREIGN) {
        foreign_reason(why, failure->error);
        return;
    }
    /* Where the step says everything, the errno would only confuse. */
    if (failure->error == 0 || step == JAIL_STEP_INTERPRETER || step == JAIL_STEP_BOOTSTRAP ||
        step == JAIL_STEP_INIT_DIED)
        reason_set(why, "%s%s%s", steps[step].what, remedy ? "; " : "", remedy ? remedy : "");
    else if (remedy)
        reason_set_errno(why, (int)failure->error, "%s (%s)", steps[step].what, remedy);
    else
        reason_set_errno(why, (int)failure->error, "%s", steps[step].what);
}

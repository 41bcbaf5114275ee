/* SPDX-License-Identifier: Apache-2.0 */

/* Two questions, one after the other: DescribeSubnets, DescribeSecurityGroups. */

#include "api/lambda/vpc_probe.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/request.h"
#include "aws/xml.h"
#include "base/error.h"
#include "model/lambda/shapes.h"

enum { ANSWER_BYTES_MAX = 1024 * 1024, ERROR_CODE_BYTES = 64, ERROR_MESSAGE_BYTES = 512 };

static const char *operation_of(const struct vpc_probe *probe)
{
    return probe->is_about_groups ? "DescribeSecurityGroups" : "DescribeSubnets";
}

static void body_make(struct vpc_probe *probe)
{
    const struct vpc_probe *p = probe;
    const struct str *ids =
        p->is_about_groups ? p->vpc->security_group_ids.ptr : p->vpc->subnet_ids.ptr;
    size_t count = p->is_about_groups ? p->vpc->security_group_ids.count : p->vpc->subnet_ids.count;

    (void)buf_printf(&probe->body, "Action=%s&Version=2016-11-15", operation_of(p));
    for (size_t i = 0; i < count; i++) {
        (void)buf_printf(&probe->body, "&%s.%zu=", p->is_about_groups ? "GroupId" : "SubnetId",
                         i + 1);
        aws_uri_encode(&probe->body, ids[i], false);
    }
}

static struct vpc_probe *probe_of(struct aws_call *call)
{
    return container_of(call, struct vpc_probe, call);
}

static int on_data(struct aws_call *call, struct str bytes)
{
    int r = buf_append_str(&probe_of(call)->answer, bytes);

    return r < 0 ? err_pass(r) : AWS_DATA_TAKEN;
}

static void on_done(struct aws_call *call, int outcome);

static const struct aws_call_ops ops = {.data = on_data, .done = on_done};

static int ask(struct vpc_probe *probe)
{
    static const struct aws_header form = {STR_INIT("content-type"),
                                           STR_INIT("application/x-www-form-urlencoded")};
    int r = -ENOMEM;

    probe->body = (struct buf){0};
    probe->answer = (struct buf){.max = ANSWER_BYTES_MAX};
    body_make(probe);
    probe->call = (struct aws_call){
        .service = AWS_EC2,
        .region = probe->request->principal.region,
        .method = "POST",
        .path = STR("/"),
        .headers = &form,
        .header_count = 1,
        .body = buf_str(&probe->body),
        .ops = &ops,
    };
    if (!buf_failed(&probe->body))
        r = aws_call_start(probe->aws, &probe->call);
    if (r == AWS_CALL_STARTED)
        return VPC_PROBE_STARTED;
    buf_deinit(&probe->body);
    return r < 0 ? err_pass(r) : VPC_PROBE_NOTHING_TO_ASK;
}

/* Other refusals (of the credentials, say) tell nothing about what was asked. False: the request
 * has been answered. */
static bool check_error(struct vpc_probe *probe)
{
    struct str document = buf_str(&probe->call.error_body);
    char code[ERROR_CODE_BYTES], message[ERROR_MESSAGE_BYTES];

    xml_element_text(document, "Code", code, sizeof(code));
    xml_element_text(document, "Message", message, sizeof(message));
    if (!str_starts_with(str_of(code), STR("InvalidSubnetID.")) &&
        !str_starts_with(str_of(code), STR("InvalidGroup")))
        return true;
    answer_invalid(probe->request,
                   "Error occurred while %s. EC2 Error Code: %s. EC2 Error Message: %s",
                   operation_of(probe), code, message);
    return false;
}

static void on_done(struct aws_call *call, int outcome)
{
    struct vpc_probe *probe = probe_of(call);
    bool is_answered = outcome == AWS_CALL_ANSWERED;
    bool is_there = is_answered && call->status / 100 == 2;

    if (is_there && !probe->is_about_groups)
        xml_element_text(buf_str(&probe->answer), "vpcId", probe->vpc_id, sizeof(probe->vpc_id));
    buf_deinit(&probe->body);
    buf_deinit(&probe->answer);
    if (is_answered && !is_there && !check_error(probe))
        return;
    if (is_answered && !probe->is_about_groups && probe->vpc->security_group_ids.count > 0) {
        probe->is_about_groups = true;
        if (ask(probe) == VPC_PROBE_STARTED)
            return;
    }
    probe->on_done(probe);
}

int vpc_probe_start(struct vpc_probe *probe, struct api_request *request, struct aws_client *aws,
                    const struct lambda_vpc_config *vpc)
{
    if (!vpc || (vpc->subnet_ids.count == 0 && vpc->security_group_ids.count == 0))
        return VPC_PROBE_NOTHING_TO_ASK;
    probe->request = request;
    probe->aws = aws;
    probe->vpc = vpc;
    probe->is_about_groups = vpc->subnet_ids.count == 0;
    return ask(probe);
}

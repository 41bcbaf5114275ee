/* SPDX-License-Identifier: Apache-2.0 */
#include "obs/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct report_format text = {0};

static void expect(struct buf *buf, const char *wanted)
{
    (void)buf_append_char(buf, '\0');
    assert_false(buf_failed(buf));
    assert_string_equal(buf->ptr, wanted);
    buf_deinit(buf);
}

static struct invocation_record record(uint64_t duration_us, uint64_t init_us)
{
    return (struct invocation_record){
        .request_id = STR("8f50"),
        .version = STR("$LATEST"),
        .duration_ns = duration_us * 1000,
        .init_ns = init_us * 1000,
        .memory_mb = 128,
        .memory_used_mb = 76,
    };
}

static void bills_as_aws_does(void **state)
{
    static const struct {
        uint64_t duration_us, init_us, billed_ms;
    } samples[] = {{3100, 542010, 546},
                   {1655100, 322040, 1978},
                   {5000000, 578070, 5579},
                   {1233960, 463512, 1698},
                   {3010, 0, 4},
                   {4000, 0, 4},
                   {4004, 0, 4},
                   {4006, 0, 5},
                   {0, 0, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct invocation_record r = record(samples[i].duration_us, samples[i].init_us);

        assert_int_equal(invocation_record_billed_ms(&r), samples[i].billed_ms);
    }
}

static void writes_reports_as_text(void **state)
{
    struct invocation_record r = record(3100, 542010);
    struct buf buf = {0};

    (void)state;
    report_report(&buf, text, 0, &r);
    expect(&buf, "REPORT RequestId: 8f50\tDuration: 3.10 ms\tBilled Duration: 546 ms\t"
                 "Memory Size: 128 MB\tMax Memory Used: 76 MB\tInit Duration: 542.01 ms\t\n");
    r = record(5000000, 0);
    r.status = REPORT_TIMEOUT;
    report_report(&buf, text, 0, &r);
    expect(&buf, "REPORT RequestId: 8f50\tDuration: 5000.00 ms\tBilled Duration: 5000 ms\t"
                 "Memory Size: 128 MB\tMax Memory Used: 76 MB\tStatus: timeout\n");
    r.status = REPORT_ERROR;
    r.error_type = STR("Runtime.ExitError");
    report_report(&buf, text, 0, &r);
    expect(&buf, "REPORT RequestId: 8f50\tDuration: 5000.00 ms\tBilled Duration: 5000 ms\t"
                 "Memory Size: 128 MB\tMax Memory Used: 76 MB\tStatus: error\t"
                 "Error Type: Runtime.ExitError\n");
}

static void writes_the_other_lines_as_text(void **state)
{
    struct report_init init = {.runtime_version = STR("python:3.12"),
                               .runtime_version_arn = STR("arn:aws:lambda:us-east-1::runtime:00")};
    const struct report_init_end late = {
        .type = STR("on-demand"), .phase = STR("init"), .status = REPORT_TIMEOUT, .ns = 9999790000};
    const struct report_init_end good = {.type = STR("on-demand"), .phase = STR("init"), .ns = 1};
    const struct report_init_end ahead = {
        .type = STR("provisioned-concurrency"), .phase = STR("init"), .ns = 5000000};
    const struct report_subscription both = {
        .name = STR("ext"), .platform = true, .extension = true};
    const struct report_extension extension = {.name = STR("ext"),
                                               .state = STR("InitError"),
                                               .wants_invoke = true,
                                               .wants_shutdown = true,
                                               .error_type = STR("Extension.Bad")};
    struct invocation_record r = record(1, 0);
    struct buf buf = {0};

    (void)state;
    report_init_start(&buf, text, 0, &init);
    report_start(&buf, text, 0, &r);
    report_end(&buf, text, &r);
    report_init_report(&buf, text, 0, &late);
    report_init_report(&buf, text, 0, &good);
    report_init_report(&buf, text, 0, &ahead);
    report_extension(&buf, text, 0, &extension);
    report_subscription(&buf, text, 0, &both);
    expect(&buf, "INIT_START Runtime Version: python:3.12\tRuntime Version ARN: "
                 "arn:aws:lambda:us-east-1::runtime:00\n"
                 "START RequestId: 8f50 Version: $LATEST\n"
                 "END RequestId: 8f50\n"
                 "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\n"
                 "INIT_REPORT Init Duration: 5.00 ms\tPhase: init\n"
                 "EXTENSION\tName: ext\tState: InitError\tEvents: [INVOKE,SHUTDOWN]\t"
                 "Error Type: Extension.Bad\n"
                 "TELEMETRY\tName: ext\tState: Subscribed\tTypes: [Platform, Extension]\n");
}

static void writes_json_and_filters_by_level(void **state)
{
    struct report_format info = {.json = true, .level = REPORT_LEVEL_INFO};
    struct invocation_record r = record(3100, 542012);
    struct buf buf = {0};

    (void)state;
    report_runtime_done(&buf, info, 0, &r); /* DEBUG on success: filtered */
    report_report(&buf, info, 1738324800123, &r);
    expect(&buf,
           "{\"time\":\"2025-01-31T12:00:00.123Z\",\"type\":\"platform.report\",\"record\":"
           "{\"requestId\":\"8f50\",\"metrics\":{\"durationMs\":3.100,\"billedDurationMs\":546,"
           "\"memorySizeMB\":128,\"maxMemoryUsedMB\":76,\"initDurationMs\":542.012},"
           "\"status\":\"success\"}}\n");
    info.level = REPORT_LEVEL_WARN;
    report_report(&buf, info, 0, &r);
    assert_int_equal(buf.len, 0);
    r.status = REPORT_ERROR;
    r.error_type = STR("a\"b");
    report_runtime_done(&buf, info, 0, &r);
    expect(&buf,
           "{\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"platform.runtimeDone\",\"record\":"
           "{\"requestId\":\"8f50\",\"status\":\"error\",\"errorType\":\"a\\\"b\","
           "\"metrics\":{\"durationMs\":3.100,\"producedBytes\":0}}}\n");
}

static void writes_the_parts_of_an_invocation(void **state)
{
    const struct report_format all = {.json = true, .level = REPORT_LEVEL_DEBUG};
    struct invocation_record r = record(3100, 0);
    struct buf buf = {0};

    (void)state;
    r.begun_real_us = 1738324800000000;
    r.first_byte_ns = 1000000;
    r.response_ns = 1500000;
    r.runtime_ns = 2000000;
    r.produced_bytes = 50;
    r.has_extensions = true;
    r.trace_id = STR("Root=1");
    report_runtime_done(&buf, all, 1738324800123, &r);
    expect(&buf,
           "{\"time\":\"2025-01-31T12:00:00.123Z\",\"type\":\"platform.runtimeDone\",\"record\":"
           "{\"requestId\":\"8f50\",\"status\":\"success\",\"spans\":["
           "{\"name\":\"responseLatency\",\"start\":\"2025-01-31T12:00:00.000Z\","
           "\"durationMs\":1.000},"
           "{\"name\":\"responseDuration\",\"start\":\"2025-01-31T12:00:00.001Z\","
           "\"durationMs\":0.500},"
           "{\"name\":\"runtimeOverhead\",\"start\":\"2025-01-31T12:00:00.001Z\","
           "\"durationMs\":0.500}],\"metrics\":{\"durationMs\":2.000,\"producedBytes\":50},"
           "\"tracing\":{\"type\":\"X-Amzn-Trace-Id\",\"value\":\"Root=1\"}}}\n");
    report_report(&buf, all, 1738324800123, &r);
    expect(&buf, "{\"time\":\"2025-01-31T12:00:00.123Z\",\"type\":\"platform.report\",\"record\":"
                 "{\"requestId\":\"8f50\",\"metrics\":{\"durationMs\":3.100,\"billedDurationMs\":4,"
                 "\"memorySizeMB\":128,\"maxMemoryUsedMB\":76},\"status\":\"success\",\"spans\":["
                 "{\"name\":\"extensionOverhead\",\"start\":\"2025-01-31T12:00:00.002Z\","
                 "\"durationMs\":1.100}],"
                 "\"tracing\":{\"type\":\"X-Amzn-Trace-Id\",\"value\":\"Root=1\"}}}\n");
}

static const struct trace_segments segments = {
    .root = STR_INIT("1-5f35ae12-0c0fec141ab77a00bc047aa2"),
    .service = "1111111111111111",
    .function = "2222222222222222",
};

static void a_trace_has_a_line_of_its_own(void **state)
{
    struct invocation_record r = record(3100, 0);
    struct buf buf = {0};

    (void)state;
    r.segments = &segments;
    report_report(&buf, text, 0, &r);
    expect(&buf, "REPORT RequestId: 8f50\tDuration: 3.10 ms\tBilled Duration: 4 ms\t"
                 "Memory Size: 128 MB\tMax Memory Used: 76 MB\t\n"
                 "XRAY TraceId: 1-5f35ae12-0c0fec141ab77a00bc047aa2\t"
                 "SegmentId: 2222222222222222\tSampled: true\t\n");
}

static void tells_whose_trace_and_tenant(void **state)
{
    const struct report_format all = {.json = true, .level = REPORT_LEVEL_DEBUG};
    struct invocation_record r = record(3100, 0);
    struct buf buf = {0};

    (void)state;
    r.trace_id = STR("Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=2222222222222222;Sampled=1");
    r.segments = &segments;
    r.tenant_id = STR("blue");
    r.status = REPORT_ERROR;
    r.error_type = STR("Sandbox.Failure");
    report_runtime_done(&buf, all, 0, &r);
    expect(&buf,
           "{\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"platform.runtimeDone\",\"record\":"
           "{\"requestId\":\"8f50\",\"status\":\"failure\",\"errorType\":\"Sandbox.Failure\","
           "\"metrics\":{\"durationMs\":3.100,\"producedBytes\":0},\"tracing\":{"
           "\"spanId\":\"2222222222222222\",\"type\":\"X-Amzn-Trace-Id\",\"value\":"
           "\"Root=1-5f35ae12-0c0fec141ab77a00bc047aa2;Parent=1111111111111111;Sampled=1\"},"
           "\"tenantId\":\"blue\"}}\n");
}

static void writes_what_else_can_go_wrong(void **state)
{
    const struct report_format all = {.json = true, .level = REPORT_LEVEL_DEBUG};
    const struct report_init_end late = {
        .type = STR("on-demand"), .phase = STR("init"), .status = REPORT_TIMEOUT};
    struct buf buf = {0};

    (void)state;
    report_init_runtime_done(&buf, all, 0, &late);
    expect(&buf, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"platform.initRuntimeDone\","
                 "\"record\":{\"initializationType\":\"on-demand\",\"phase\":\"init\","
                 "\"status\":\"timeout\",\"errorType\":\"Runtime.Unknown\"}}\n");
    report_logs_fault(&buf, 0, STR("RequestId: 8f50 \"gone\""));
    expect(&buf, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"platform.fault\","
                 "\"record\":\"RequestId: 8f50 \\\"gone\\\"\"}\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bills_as_aws_does),
        cmocka_unit_test(writes_reports_as_text),
        cmocka_unit_test(writes_the_other_lines_as_text),
        cmocka_unit_test(writes_json_and_filters_by_level),
        cmocka_unit_test(writes_the_parts_of_an_invocation),
        cmocka_unit_test(a_trace_has_a_line_of_its_own),
        cmocka_unit_test(tells_whose_trace_and_tenant),
        cmocka_unit_test(writes_what_else_can_go_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

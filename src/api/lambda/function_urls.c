/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig,
 * ListFunctionUrlConfigs.
 */

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/paging.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"
#include "catalog/arn.h"
#include "catalog/function_url.h"
#include "model/lambda/faults.h"
#include "model/lambda/shapes.h"

/* Of the Qualifier parameter, which the validator holds to it; a name may carry another one. */
#define QUALIFIER_PATTERN "((?!^\\d+$)^[0-9a-zA-Z-_]+$)"

static void refuse_function(struct api_request *request, const struct function_ref *ref)
{
    (void)ref;
    api_fault(request, &lambda_fault_resource_not_found, "Function does not exist");
}

static void refuse_config(struct api_request *request)
{
    api_fault(request, &lambda_fault_resource_not_found,
              "The resource you requested does not exist.");
}

/* The function or one of its aliases. */
static bool reference_resolve(struct api_request *request, struct str function_name,
                              struct str qualifier, struct function_ref *ret_ref)
{
    if (!name_resolve(request, function_name, qualifier, NAME_OWN_ACCOUNT, ret_ref))
        return false;
    if (!str_is_set(ret_ref->qualifier) || name_is_alias(ret_ref->qualifier))
        return true;
    api_fault(request, &lambda_fault_validation,
              "1 validation error detected: Value '%.*s' at 'qualifier' failed to satisfy "
              "constraint: Member must satisfy regular expression pattern: " QUALIFIER_PATTERN,
              STR_FMT(ret_ref->qualifier));
    return false;
}

/* ---- what is shown ---- */

static struct str auth_name(uint32_t auth)
{
    return auth == FUNCTION_URL_AUTH_IAM ? STR("AWS_IAM") : STR("NONE");
}

static struct str mode_name(uint32_t mode)
{
    return mode == FUNCTION_URL_RESPONSE_STREAM ? STR("RESPONSE_STREAM") : STR("BUFFERED");
}

/* The host name is below "localhost", which every resolver sends to this machine. */
static struct str address_make(struct api_request *request, const struct lambda_service *service,
                               const struct function_id *id, const struct function_url *url)
{
    return arena_printf(&request->arena, "http://%.*s.lambda-url.%.*s.localhost:%u/",
                        STR_FMT(url->id), STR_FMT(id->region),
                        (unsigned)service->options.public_port);
}

static struct str time_make(struct api_request *request, uint64_t time_ms)
{
    char *text = arena_alloc(&request->arena, CLOCK_TEXT_BYTES);

    return text ? str_of(clock_format_z(text, time_ms)) : STR_NONE;
}

static void cors_show(const struct function_url_cors *cors, struct lambda_cors *ret_cors)
{
    *ret_cors = (struct lambda_cors){
        .allow_headers = {cors->allow_headers.ptr, cors->allow_headers.count},
        .allow_methods = {cors->allow_methods.ptr, cors->allow_methods.count},
        .allow_origins = {cors->allow_origins.ptr, cors->allow_origins.count},
        .expose_headers = {cors->expose_headers.ptr, cors->expose_headers.count},
    };
    if (cors->has_credentials)
        ret_cors->allow_credentials = model_bool(cors->allow_credentials);
    if (cors->has_max_age)
        ret_cors->max_age = model_int(cors->max_age_s);
}

/* With everything that any operation shows. 0, -EBADMSG or -ENOMEM */
static int config_make(struct api_request *request, const struct lambda_service *service,
                       const struct function_id *id, const struct codec_pair *pair,
                       struct lambda_function_url_config *ret_config)
{
    struct lambda_cors *cors = arena_new(&request->arena, struct lambda_cors);
    bool is_latest = str_eq(pair->name, STR("$LATEST"));
    struct function_url url;
    int r = function_url_decode(pair, &request->arena, &url);

    if (r < 0)
        return err_pass(r);
    *ret_config = (struct lambda_function_url_config){
        .function_url = address_make(request, service, id, &url),
        .function_arn = arn_function(&request->arena, id, is_latest ? STR_NONE : pair->name),
        .creation_time = time_make(request, url.created_ms),
        .last_modified_time = time_make(request, url.modified_ms),
        .auth_type = auth_name(url.auth),
        .invoke_mode = url.mode == FUNCTION_URL_MODE_UNSET ? STR_NONE : mode_name(url.mode),
    };
    if (!cors || !str_is_set(ret_config->function_url) || !str_is_set(ret_config->function_arn) ||
        !str_is_set(ret_config->creation_time) || !str_is_set(ret_config->last_modified_time))
        return err_new(-ENOMEM);
    if (url.has_cors) {
        cors_show(&url.cors, cors);
        ret_config->cors = cors;
    }
    return 0;
}

/* False: there is none, or a failure; the request has been answered. */
static bool config_get(struct api_request *request, const struct lambda_service *service,
                       const struct function_ref *ref,
                       struct lambda_function_url_config *ret_config)
{
    struct function_settings settings;
    const struct codec_pair *pair;
    int r = catalog_get_settings(service->options.catalog, &ref->id, &request->arena, &settings);

    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return false;
    }
    pair = r == CATALOG_OK ? codec_pairs_find(&settings.urls, function_settings_key(ref->qualifier))
                           : NULL;
    if (!pair) {
        refuse_config(request);
        return false;
    }
    r = config_make(request, service, &ref->id, pair, ret_config);
    if (r < 0)
        api_fault_internal(request, err_pass(r));
    return r == 0;
}

/* ---- Create, Update ---- */

/* Answers of put_apply() and of delete_apply(). */
enum { URL_EXISTS = CATALOG_CALLER, URL_MISSING };

/* In the request's arena. */
struct put_url {
    struct function_edit edit;
    bool is_new;
    struct str auth_type; /* absent: as it is */
    struct str invoke_mode;
    const struct lambda_cors *cors;
};

static bool cors_is_empty(const struct lambda_cors *cors)
{
    return !cors->allow_credentials.has && !cors->max_age.has && !cors->allow_headers.ptr &&
           !cors->allow_methods.ptr && !cors->allow_origins.ptr && !cors->expose_headers.ptr;
}

static struct function_url_cors cors_read(const struct lambda_cors *cors)
{
    return (struct function_url_cors){
        .has_credentials = cors->allow_credentials.has,
        .allow_credentials = cors->allow_credentials.value,
        .has_max_age = cors->max_age.has,
        .max_age_s = (uint32_t)cors->max_age.value,
        .allow_headers = {cors->allow_headers.ptr, cors->allow_headers.count},
        .allow_methods = {cors->allow_methods.ptr, cors->allow_methods.count},
        .allow_origins = {cors->allow_origins.ptr, cors->allow_origins.count},
        .expose_headers = {cors->expose_headers.ptr, cors->expose_headers.count},
    };
}

static void put_merge(const struct put_url *put, struct function_url *url)
{
    url->modified_ms = clock_real_ms();
    if (put->is_new)
        url->created_ms = url->modified_ms;
    if (str_is_set(put->auth_type))
        url->auth =
            str_eq(put->auth_type, STR("AWS_IAM")) ? FUNCTION_URL_AUTH_IAM : FUNCTION_URL_AUTH_NONE;
    if (str_is_set(put->invoke_mode))
        url->mode = str_eq(put->invoke_mode, STR("RESPONSE_STREAM")) ? FUNCTION_URL_RESPONSE_STREAM
                                                                     : FUNCTION_URL_BUFFERED;
    if (put->cors) {
        url->has_cors = !cors_is_empty(put->cors);
        url->cors = cors_read(put->cors);
    }
}

/* The URL as it is, or a new one. CATALOG_OK, an answer, or a failure */
static int put_base(const struct put_url *put, struct catalog_draft *draft,
                    struct function_url *ret_url)
{
    const struct codec_pair *pair =
        codec_pairs_find(&draft->settings.urls, function_settings_key(put->edit.ref.qualifier));
    int r;

    *ret_url = (struct function_url){0};
    if (put->is_new) {
        ret_url->id = function_url_id_make(draft->arena);
        if (!str_is_set(ret_url->id))
            return err_new(-ENOMEM);
        return pair ? URL_EXISTS : CATALOG_OK;
    }
    if (!pair)
        return URL_MISSING;
    r = function_url_decode(pair, draft->arena, ret_url);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static int put_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct put_url *put = container_of(input, const struct put_url, edit.input);
    struct function_url url;
    struct str row;
    int r = put_base(put, draft, &url);

    if (r != CATALOG_OK)
        return r;
    put_merge(put, &url);
    row = function_url_encode(draft->arena, &url);
    if (!str_is_set(row))
        return err_new(-ENOMEM);
    r = codec_pairs_replace(&draft->settings.urls, draft->arena,
                            function_settings_key(put->edit.ref.qualifier), row);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void create_answer(struct api_request *request,
                          const struct lambda_function_url_config *config)
{
    const struct lambda_create_function_url_config_response output = {
        .function_url = config->function_url,
        .function_arn = config->function_arn,
        .auth_type = config->auth_type,
        .cors = config->cors,
        .creation_time = config->creation_time,
        .invoke_mode = config->invoke_mode,
    };

    api_reply(request, &output);
}

static void update_answer(struct api_request *request,
                          const struct lambda_function_url_config *config)
{
    const struct lambda_update_function_url_config_response output = {
        .function_url = config->function_url,
        .function_arn = config->function_arn,
        .auth_type = config->auth_type,
        .cors = config->cors,
        .creation_time = config->creation_time,
        .last_modified_time = config->last_modified_time,
        .invoke_mode = config->invoke_mode,
    };

    api_reply(request, &output);
}

static void refuse_second(struct function_edit *edit)
{
    api_fault(edit->request, &lambda_fault_resource_conflict,
              "Failed to create function url config for [functionArn = %.*s]. Error message:  "
              "FunctionUrlConfig exists for this Lambda function",
              STR_FMT(arn_function(&edit->request->arena, &edit->ref.id, edit->ref.qualifier)));
}

static void put_done(struct function_edit *edit, int answer)
{
    const struct put_url *put = container_of(edit, struct put_url, edit);
    struct lambda_function_url_config config;

    switch (answer) {
    case CATALOG_OK:
        if (!config_get(edit->request, edit->service, &edit->ref, &config))
            break;
        if (put->is_new)
            create_answer(edit->request, &config);
        else
            update_answer(edit->request, &config);
        break;
    case CATALOG_NOT_FOUND:
    case CATALOG_ALIAS_NOT_FOUND:
        refuse_function(edit->request, &edit->ref);
        break;
    case URL_EXISTS:
        refuse_second(edit);
        break;
    case URL_MISSING:
        refuse_config(edit->request);
        break;
    default:
        answer_refused(edit->request, &edit->ref, answer);
        break;
    }
}

/* said: what the request says. */
static void put_url(struct api_request *request, void *context, struct str function_name,
                    struct str qualifier, struct put_url said)
{
    struct put_url *put = arena_new(&request->arena, struct put_url);

    if (!put) {
        api_fault_internal(request, err_new(-ENOMEM));
        return;
    }
    *put = said;
    if (!reference_resolve(request, function_name, qualifier, &put->edit.ref))
        return;
    function_edit_init(&put->edit, request, context, put_apply, put_done);
    put->edit.input.qualifier = put->edit.ref.qualifier;
    function_edit_start(&put->edit);
}

void lambda_create_function_url_config(struct api_request *request, void *context)
{
    const struct lambda_create_function_url_config_request *input = request->input;
    const struct put_url said = {
        .is_new = true,
        .auth_type = input->auth_type,
        .invoke_mode = input->invoke_mode,
        .cors = input->cors,
    };

    put_url(request, context, input->function_name, input->qualifier, said);
}

void lambda_update_function_url_config(struct api_request *request, void *context)
{
    const struct lambda_update_function_url_config_request *input = request->input;
    const struct put_url said = {
        .auth_type = input->auth_type,
        .invoke_mode = input->invoke_mode,
        .cors = input->cors,
    };

    put_url(request, context, input->function_name, input->qualifier, said);
}

/* ---- Get, Delete ---- */

void lambda_get_function_url_config(struct api_request *request, void *context)
{
    const struct lambda_get_function_url_config_request *input = request->input;
    struct lambda_function_url_config config;
    struct function_ref ref;

    if (!reference_resolve(request, input->function_name, input->qualifier, &ref) ||
        !config_get(request, context, &ref, &config))
        return;
    const struct lambda_get_function_url_config_response output = {
        .function_url = config.function_url,
        .function_arn = config.function_arn,
        .auth_type = config.auth_type,
        .cors = config.cors,
        .creation_time = config.creation_time,
        .last_modified_time = config.last_modified_time,
        .invoke_mode = str_is_set(config.invoke_mode) ? config.invoke_mode : STR("BUFFERED"),
    };
    api_reply(request, &output);
}

/* The alias of the URL may be gone, so it does not have to be there. */
static int delete_apply(const struct catalog_edit *input, struct catalog_draft *draft)
{
    const struct function_edit *edit = container_of(input, const struct function_edit, input);
    struct codec_pairs *urls = &draft->settings.urls;
    int r;

    if (!codec_pairs_find(urls, function_settings_key(edit->ref.qualifier)))
        return URL_MISSING;
    r = codec_pairs_replace(urls, draft->arena, function_settings_key(edit->ref.qualifier),
                            STR_NONE);
    return r < 0 ? err_pass(r) : CATALOG_OK;
}

static void delete_done(struct function_edit *edit, int answer)
{
    if (answer == CATALOG_NOT_FOUND || answer == URL_MISSING)
        refuse_config(edit->request);
    else
        function_edit_done_empty(edit, answer);
}

void lambda_delete_function_url_config(struct api_request *request, void *context)
{
    const struct lambda_delete_function_url_config_request *input = request->input;
    struct function_edit *edit = function_edit_new(request, context, delete_apply, delete_done);

    if (edit && reference_resolve(request, input->function_name, input->qualifier, &edit->ref))
        function_edit_start(edit);
}

/* ---- List ---- */

void lambda_list_function_url_configs(struct api_request *request, void *context)
{
    const struct lambda_list_function_url_configs_request *input = request->input;
    const struct lambda_service *service = context;
    struct lambda_function_url_config items[PAGE_ITEMS_MAX];
    struct lambda_list_function_url_configs_response output = {0};
    struct function_settings settings;
    struct page_of_pairs page;
    struct page_place after;
    struct function_ref ref;
    int r = 0;

    if (!function_settings_read(request, service, input->function_name, NAME_OWN_ACCOUNT,
                                refuse_function, &ref, &settings) ||
        !page_start(request, input->marker, &after) ||
        !page_pairs(request, &settings.urls, &after, input->max_items, &page))
        return;
    for (size_t i = 0; r == 0 && i < page.count; i++) {
        r = config_make(request, service, &ref.id, &page.ptr[i], &items[i]);
        if (r == 0 && !str_is_set(items[i].invoke_mode))
            items[i].invoke_mode = STR("BUFFERED");
    }
    if (r < 0) {
        api_fault_internal(request, err_pass(r));
        return;
    }
    output.function_url_configs = (struct lambda_function_url_config_list){items, page.count};
    output.next_marker = page.next_marker;
    api_reply(request, &output);
}

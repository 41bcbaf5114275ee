# SPDX-License-Identifier: Apache-2.0
"""Which operations of the service model lambd offers: all but those listed here."""
import botocore.session

# Left out on purpose: durable executions, capacity providers, function scaling. They answer 501.
NOT_OFFERED = {
    'CheckpointDurableExecution', 'GetDurableExecution', 'GetDurableExecutionHistory', 'GetDurableExecutionState',
    'ListDurableExecutionsByFunction', 'SendDurableExecutionCallbackFailure', 'SendDurableExecutionCallbackHeartbeat',
    'SendDurableExecutionCallbackSuccess', 'StopDurableExecution',
    'CreateCapacityProvider', 'DeleteCapacityProvider', 'GetCapacityProvider', 'ListCapacityProviders',
    'ListFunctionVersionsByCapacityProvider', 'UpdateCapacityProvider',
    'GetFunctionScalingConfig', 'PutFunctionScalingConfig',
}

# Whatever they are asked, and whoever asks, there is nothing to refuse.
NEVER_REFUSES = {'GetAccountSettings'}


def service_model():
    return botocore.session.get_session().get_service_model('lambda')


def offered():
    return set(service_model().operation_names) - NOT_OFFERED

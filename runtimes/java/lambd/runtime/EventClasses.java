// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.util.Map;
import java.util.Set;

/**
 * The classes of aws-lambda-java-events whose members are not named as in the events that AWS's
 * services send. The function brings the classes; on AWS, too, the runtime knows the names.
 */
final class EventClasses {
    private static final String EVENTS = "com.amazonaws.services.lambda.runtime.events.";
    private static final String S3 = "com.amazonaws.services.s3.event.";
    private static final String DYNAMODB = "com.amazonaws.services.dynamodbv2.model.";

    /** All members begin with a capital letter. */
    private static final Set<String> CAPITAL = Set.of("CloudFormationCustomResourceEvent",
        "ConnectEvent", "ConnectEvent$Details", "ConnectEvent$ContactData",
        "ConnectEvent$CustomerEndpoint", "ConnectEvent$SystemEndpoint", "ConnectEvent$Queue",
        "SecretsManagerRotationEvent", "SNSEvent", "SNSEvent$SNSRecord", "SNSEvent$SNS",
        "SNSEvent$MessageAttribute", "StreamRecord");

    /** Single members, by the class (without its package) and their name in Java. */
    private static final Map<String, String> NAMES = Map.ofEntries(
        Map.entry("CloudFormationCustomResourceEvent.responseUrl", "ResponseURL"),
        Map.entry("CloudFrontEvent.records", "Records"),
        Map.entry("CloudWatchLogsEvent.awsLogs", "awslogs"),
        Map.entry("CodeCommitEvent.records", "Records"),
        Map.entry("CodeCommitEvent$Record.codeCommit", "codecommit"),
        Map.entry("CodeCommitEvent$Record.eventSourceArn", "eventSourceARN"),
        Map.entry("CodeCommitEvent$Record.userIdentityArn", "userIdentityARN"),
        Map.entry("ConnectEvent$ContactData.instanceArn", "InstanceARN"),
        Map.entry("DynamodbEvent.records", "Records"),
        Map.entry("DynamodbEvent$DynamodbStreamRecord.eventSourceArn", "eventSourceARN"),
        Map.entry("DynamodbTimeWindowEvent.records", "Records"),
        Map.entry("DynamodbTimeWindowEvent.eventSourceArn", "eventSourceARN"),
        Map.entry("KinesisEvent.records", "Records"),
        Map.entry("KinesisTimeWindowEvent.records", "Records"),
        Map.entry("KinesisTimeWindowEvent.eventSourceArn", "eventSourceARN"),
        Map.entry("S3Event.records", "Records"),
        Map.entry("S3EventNotification.records", "Records"),
        Map.entry("S3EventNotification$ResponseElementsEntity.xAmzId2", "x-amz-id-2"),
        Map.entry("S3EventNotification$ResponseElementsEntity.xAmzRequestId", "x-amz-request-id"),
        Map.entry("SNSEvent$SNSRecord.SNS", "Sns"),
        Map.entry("SQSEvent.records", "Records"),
        Map.entry("SQSEvent$SQSMessage.eventSourceArn", "eventSourceARN"),
        Map.entry("ScheduledEvent.detailType", "detail-type"));

    private EventClasses() {}

    static boolean has(Class<?> type) {
        String name = type.getName();
        return name.startsWith(EVENTS) || name.startsWith(S3) || name.startsWith(DYNAMODB);
    }

    private static String shortName(Class<?> type) {
        return type.getName().substring(type.getName().lastIndexOf('.') + 1);
    }

    static boolean hasOnlyConstructor(Class<?> type) {
        return has(type) && shortName(type).startsWith("S3Event");
    }

    /** How a member is called in JSON. */
    static String nameOf(Class<?> type, String member) {
        if (!has(type))
            return member;
        String shortName = shortName(type);
        String name = NAMES.get(shortName + "." + member);
        if (name != null)
            return name;
        if (shortName.equals("AttributeValue"))
            return member.toUpperCase(java.util.Locale.ROOT);
        return CAPITAL.contains(shortName)
            ? Character.toUpperCase(member.charAt(0)) + member.substring(1)
            : member;
    }
}

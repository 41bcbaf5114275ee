// SPDX-License-Identifier: Apache-2.0

package events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayProxyRequestEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import com.amazonaws.services.lambda.runtime.events.CloudWatchLogsEvent;
import com.amazonaws.services.lambda.runtime.events.ConnectEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.KinesisEvent;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.SNSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.ScheduledEvent;
import com.amazonaws.services.lambda.runtime.events.SecretsManagerRotationEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Functions of AWS's event classes; most hand back what they were given. */
public class Events {
    public static class Queue implements RequestHandler<SQSEvent, SQSBatchResponse> {
        @Override
        public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
            List<SQSBatchResponse.BatchItemFailure> failures = new ArrayList<>();
            for (SQSEvent.SQSMessage message : event.getRecords())
                if (message.getBody().contains("bad"))
                    failures.add(new SQSBatchResponse.BatchItemFailure(message.getMessageId()));
            context.getLogger().log(event.getRecords().get(0).getEventSourceArn() + "\n");
            return new SQSBatchResponse(failures);
        }
    }

    public APIGatewayV2HTTPResponse http(APIGatewayV2HTTPEvent event) {
        return APIGatewayV2HTTPResponse.builder().withStatusCode(201)
            .withHeaders(Map.of("Content-Type", "text/plain"))
            .withBody(event.getRequestContext().getHttp().getMethod() + " " + event.getRawPath()).build();
    }

    public String place(S3Event event) {
        var s3 = event.getRecords().get(0).getS3();
        return s3.getBucket().getName() + "/" + s3.getObject().getUrlDecodedKey() + " "
            + event.getRecords().get(0).getEventTime().getMillis();
    }

    public String changed(DynamodbEvent event) {
        var change = event.getRecords().get(0).getDynamodb();
        return change.getNewImage().get("Id").getN() + " " + change.getApproximateCreationDateTime().getTime();
    }

    public SQSEvent sqs(SQSEvent event) {
        return event;
    }

    public SNSEvent sns(SNSEvent event) {
        return event;
    }

    public DynamodbEvent dynamodb(DynamodbEvent event) {
        return event;
    }

    public KinesisEvent kinesis(KinesisEvent event) {
        return event;
    }

    public ScheduledEvent scheduled(ScheduledEvent event) {
        return event;
    }

    public APIGatewayProxyRequestEvent gateway(APIGatewayProxyRequestEvent event) {
        return event;
    }

    public CloudWatchLogsEvent logs(CloudWatchLogsEvent event) {
        return event;
    }

    public ConnectEvent connect(ConnectEvent event) {
        return event;
    }

    public CloudFormationCustomResourceEvent resource(CloudFormationCustomResourceEvent event) {
        return event;
    }

    public SecretsManagerRotationEvent rotation(SecretsManagerRotationEvent event) {
        return event;
    }
}

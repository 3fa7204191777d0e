// SPDX-License-Identifier: GPL-2.0
// Java's com.sun.nio.sctp. The server takes associations on a one-to-many socket,
// gives the second one a socket of its own, and answers each message on its stream;
// the client has one socket per association and compares.

import com.sun.nio.sctp.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.util.*;

class SctpEcho {
    static final int STREAMS = 7;

    public static void main(String[] args) throws Exception {
        InetSocketAddress server = new InetSocketAddress(args[1], 5000);
        if (args[0].equals("server"))
            serve(server);
        else
            for (int i = 0; i < 2; i++)
                ask(server, new InetSocketAddress(args[2], 5001 + i), Integer.parseInt(args[3]));
    }

    static void serve(InetSocketAddress address) throws Exception {
        SctpMultiChannel all = SctpMultiChannel.open();
        all.setOption(SctpStandardSocketOptions.SCTP_INIT_MAXSTREAMS,
                      SctpStandardSocketOptions.InitMaxStreams.create(STREAMS, STREAMS), null);
        all.bind(address);
        System.out.println("listening");
        Ended ended = new Ended();
        ByteBuffer buffer = ByteBuffer.allocate(100000);
        while (ended.count == 0) {
            MessageInfo info = all.receive(buffer, null, ended);
            if (info == null)
                continue;
            answer(buffer, info, (b, i) -> all.send(b, i));
        }
        MessageInfo info;
        do
            info = all.receive(buffer, null, ended);
        while (info == null);
        SctpChannel one = all.branch(info.association());
        System.out.println("branched");
        answer(buffer, info, (b, i) -> one.send(b, i));
        while ((info = one.receive(buffer, null, ended)) == null || info.bytes() >= 0)
            if (info != null)
                answer(buffer, info, (b, i) -> one.send(b, i));
        one.close();
        all.close();
    }

    interface Sender {
        int send(ByteBuffer buffer, MessageInfo info) throws Exception;
    }

    static void answer(ByteBuffer buffer, MessageInfo info, Sender sender) throws Exception {
        if (!info.isComplete())
            throw new Exception("only a part of a message");
        buffer.flip();
        MessageInfo to = MessageInfo.createOutgoing(info.association(), null, info.streamNumber());
        sender.send(buffer, to.payloadProtocolID(info.payloadProtocolID()));
        buffer.clear();
    }

    static class Ended extends AbstractNotificationHandler<Void> {
        int count;

        @Override
        public HandlerResult handleNotification(AssociationChangeNotification change, Void none) {
            System.out.println(change);
            if (change.event() != AssociationChangeNotification.AssocChangeEvent.COMM_UP)
                count++;
            return HandlerResult.RETURN;
        }

        @Override
        public HandlerResult handleNotification(ShutdownNotification shutdown, Void none) {
            System.out.println(shutdown);
            return HandlerResult.CONTINUE;
        }
    }

    static void ask(InetSocketAddress server, InetSocketAddress local, int count) throws Exception {
        SctpChannel channel = SctpChannel.open();
        channel.bind(local);
        channel.connect(server, STREAMS, STREAMS);
        if (channel.association().maxOutboundStreams() != STREAMS)
            throw new Exception("streams: " + channel.association());
        Random random = new Random(1);
        ByteBuffer buffer = ByteBuffer.allocate(100000);
        for (int i = 0; i < count; i++) {
            byte[] sent = new byte[1 + random.nextInt(30000)];
            random.nextBytes(sent);
            MessageInfo to = MessageInfo.createOutgoing(null, i % STREAMS);
            channel.send(ByteBuffer.wrap(sent), to.payloadProtocolID(i));
            buffer.clear();
            MessageInfo info;
            do
                info = channel.receive(buffer, null, new Ended());
            while (info == null);
            buffer.flip();
            byte[] got = new byte[buffer.remaining()];
            buffer.get(got);
            if (!info.isComplete() || info.streamNumber() != i % STREAMS
                || info.payloadProtocolID() != i || !Arrays.equals(sent, got))
                throw new Exception("message " + i + " came back as " + info);
        }
        channel.shutdown();
        MessageInfo info;
        do
            info = channel.receive(buffer, null, new Ended());
        while (info == null || info.bytes() >= 0);
        channel.close();
        System.out.println("all came back");
    }
}

#!/usr/bin/env escript
%% SPDX-License-Identifier: GPL-2.0
%% Erlang's gen_sctp on a one-to-many socket in active mode: an echo server that on
%% request gives an association a socket of its own, and its client.

-include_lib("kernel/include/inet_sctp.hrl").

main(["server", Host]) ->
    {ok, S} = open(Host, 5000),
    ok = gen_sctp:listen(S, true),
    io:format("listening~n"),
    serve(S);
main(["client", Local, Host, Count]) ->
    {ok, S} = open(Local, 0),
    {ok, Peer} = inet:parse_address(Host),
    {ok, #sctp_assoc_change{state = comm_up, outbound_streams = 7, assoc_id = Id} = Assoc} =
        gen_sctp:connect(S, Peer, 5000, []),
    echo_all(S, Id, list_to_integer(Count)),
    ok = gen_sctp:send(S, Id, 0, <<"peel off">>),
    {0, <<"peeled off">>} = next(S, Id),
    echo_all(S, Id, list_to_integer(Count)),
    {ok, [{sctp_status, Status}]} = inet:getopts(S, [{sctp_status, #sctp_status{assoc_id = Id}}]),
    established = Status#sctp_status.state,
    ok = gen_sctp:eof(S, Assoc),
    shutdown_comp = last_change(S),
    ok = gen_sctp:close(S),
    io:format("all came back~n").

open(Host, Port) ->
    {ok, Ip} = inet:parse_address(Host),
    Family = case size(Ip) of 4 -> inet; 8 -> inet6 end,
    gen_sctp:open(Port, [Family, {ip, Ip}, {active, true}, {mode, binary}, {recbuf, 200000},
                         {sctp_nodelay, true},
                         {sctp_initmsg, #sctp_initmsg{num_ostreams = 7, max_instreams = 7}}]).

serve(S) ->
    receive
        {sctp, S, _, _, {[#sctp_sndrcvinfo{assoc_id = Id}], <<"peel off">>}} ->
            {ok, Own} = gen_sctp:peeloff(S, Id),
            Pid = spawn(fun() -> receive go -> serve_one(Own, Id) end end),
            ok = gen_sctp:controlling_process(Own, Pid),
            Pid ! go,
            serve(S);
        {sctp, S, _, _, Message} ->
            answer(S, Message),
            serve(S)
    end.

serve_one(S, Id) ->
    ok = gen_sctp:send(S, Id, 0, <<"peeled off">>),
    ok = inet:setopts(S, [{active, true}]),
    serve(S).

answer(S, {[#sctp_sndrcvinfo{assoc_id = Id, stream = Stream}], Data}) when is_binary(Data) ->
    ok = gen_sctp:send(S, Id, Stream, Data);
answer(_, {_, Event}) ->
    io:format("~p~n", [Event]).

%% Messages of several lengths on all streams, some of them under way at a time: who sends
%% more than the send buffer takes has to try again.
echo_all(_, _, 0) ->
    ok;
echo_all(S, Id, Count) ->
    N = min(Count, 20),
    Sent = [{I rem 7, rand:bytes((Count + I) * 37 rem 5000 + 1)} || I <- lists:seq(1, N)],
    [ok = gen_sctp:send(S, Id, Stream, Data) || {Stream, Data} <- Sent],
    Got = [next(S, Id) || _ <- Sent],
    [true = on(T, Sent) =:= on(T, Got) || T <- lists:seq(0, 6)],
    echo_all(S, Id, Count - N).

on(Stream, Messages) ->
    [Data || {S, Data} <- Messages, S =:= Stream].

next(S, Id) ->
    receive
        {sctp, S, _, _, {[#sctp_sndrcvinfo{assoc_id = Id, stream = Stream}], Data}} ->
            {Stream, Data}
    after 20000 ->
        exit(nothing_came)
    end.

last_change(S) ->
    receive
        {sctp, S, _, _, {_, #sctp_assoc_change{state = State}}} -> State;
        {sctp, S, _, _, {_, #sctp_shutdown_event{}}} -> last_change(S)
    after 20000 ->
        exit(no_end)
    end.

use std::sync::mpsc::sync_channel;

use turn::framing::Framing;

use super::*;
use crate::{
    driver::{stream::Stream, streams::MESSAGES_PER_TURN},
    shard::through_turn::tests::shard,
};

#[test]
fn a_turn_takes_its_share_of_streams_and_the_rest_comes_in_the_next_ones() {
    const STREAMS: usize = 100;
    let socket = os::udp::open("127.0.0.1:0".parse().unwrap()).unwrap();
    let (_poll, waker) = prepare(&socket, None).unwrap();
    let node = Arc::new(Node::new(vec![waker]));
    let (_commands, inbox) = sync_channel(1);
    let sink: EventSink = Arc::new(|_| {});
    let shore = Shore {
        shard: ShardId(0),
        commands: inbox,
        sink,
        node: Arc::clone(&node),
        recordings: None,
    };
    let now = clock();
    let mut driver = Driver {
        shard: shard(now),
        shore: &shore,
        socket: &socket,
        receiver: Receiver::new(),
        turn: None,
        sender: Sender::new(&socket, None),
        from_nodes: None,
        streams: StreamTable::default(),
        announced: VecDeque::new(),
        mail: VecDeque::new(),
        snapshot_due: now,
        busy: BusyMeter::new(now),
    };
    let open = |host| {
        let peer = ([192, 0, 2, host], 5000).into();
        Stream::open(Arc::clone(&node), ShardId(0), peer, Framing::Turn, Box::new(|| {}))
    };
    let streams: Vec<_> = (0..STREAMS as u8).map(open).collect();
    let say = |stream: &Stream| {
        // Allocate without credentials: each is refused, and counted as that.
        let header = [0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        let request = [&header[..], &[7; 12]].concat();
        (0..2 * MESSAGES_PER_TURN).all(|_| stream.try_send(&request))
    };
    assert!(streams.iter().all(say));

    let mut turns = 0;
    let handled = |driver: &Driver<'_>| driver.shard.counters().turn.refused.iter().sum::<u64>();
    loop {
        let before = handled(&driver);
        let turn = driver.turn(now);
        turns += 1;
        let taken = usize::try_from(handled(&driver) - before).unwrap();
        assert!(taken < STREAM_MESSAGES_PER_TURN + MESSAGES_PER_TURN, "{taken}");
        if turn != Turn::More {
            break;
        }
    }
    let messages = 2 * MESSAGES_PER_TURN * STREAMS;
    assert_eq!(handled(&driver), messages as u64);
    assert_eq!(turns, messages.div_ceil(STREAM_MESSAGES_PER_TURN));
}

//! Which database fills a stream, on every database and every bus.

use prima_platform::{
    config,
    outbox::{Refused, Status, adopt, new_identity},
    testing::eventually,
};

use crate::world::{LONG, Replica, SERVICE, States, World, matrix, relay_config};

matrix!(
    a_stranger_is_refused_until_it_is_adopted,
    a_comparison_that_would_withdraw_too_much_is_refused_until_adopted,
    an_empty_database_never_empties_a_stream_of_an_older_release,
    a_stream_of_an_older_release_is_taken_by_the_database_that_filled_it,
    a_copy_is_refused_while_its_original_fills_the_stream,
    a_copy_with_an_identity_of_its_own_is_a_stranger,
    a_restored_database_takes_its_stream_again,
);

const NAMES: [&str; 20] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
];

async fn refused(status: &Status) -> Refused {
    eventually(LONG, || async { status.refused() })
        .await
        .expect("not refused")
}

async fn takes(status: &Status) {
    eventually(LONG, || async {
        (status.active() && status.refused().is_none()).then_some(())
    })
    .await
    .unwrap_or_else(|| panic!("does not take the stream: {:?}", status.refused()));
}

/// Versions and payloads that are not withdrawn.
async fn living(replica: &Replica) -> States {
    let mut states = replica.on_bus().await.expect("a complete stream");
    states.retain(|_, (_, payload)| !payload.is_empty());
    states
}

/// What the stream holds is what `owner` staged, also after it stages one more, which shows that it still fills it.
async fn still_fills(owner: &World, status: &Status) {
    owner.stage("a", "still here").await;
    let states = owner.in_step().await;
    assert_eq!(states.len(), NAMES.len());
    assert_eq!(states["prima.survey.a"].1, "still here");
    assert!(
        status.active() && status.refused().is_none(),
        "{:?}",
        status.refused()
    );
}

async fn a_stranger_is_refused_until_it_is_adopted(world: World) {
    let (relay, status) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.in_step().await;
    let stranger = world.stranger().await;
    stranger.stage("a", "theirs").await;
    let (_strange, strange) = stranger.relay(relay_config(), "stranger");
    assert!(matches!(refused(&strange).await, Refused::Stranger { .. }));
    still_fills(&world, &status).await;
    // Also while the owner is away.
    relay.stop().await;
    stranger.stage("b", "theirs").await;
    assert!(matches!(refused(&strange).await, Refused::Stranger { .. }));
    assert_eq!(world.in_step().await.len(), NAMES.len());

    adopt(&stranger.db).await.unwrap();
    takes(&strange).await;
    let theirs = eventually(LONG, || async {
        let states = living(&stranger).await;
        (states.len() == 2 && states.values().all(|(_, payload)| payload == "theirs")).then_some(())
    });
    theirs.await.expect("not adopted");
    // Who owned it before is the stranger now.
    let (_relay, status) = world.relay(relay_config(), "owner again");
    assert!(matches!(refused(&status).await, Refused::Stranger { .. }));
}

async fn a_comparison_that_would_withdraw_too_much_is_refused_until_adopted(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "state").await;
    world.in_step().await;
    relay.stop().await;
    // Two of twenty are a tenth: gone.
    world
        .tamper("DELETE FROM outbox WHERE subject LIKE '%.a' OR subject LIKE '%.b'")
        .await;
    let (relay, status) = world.relay(relay_config(), "owner");
    let gone = eventually(LONG, || async {
        (living(&world).await.len() == 18).then_some(())
    });
    gone.await.expect("not withdrawn");
    assert_eq!(status.refused(), None);
    relay.stop().await;
    // Two of eighteen are more.
    world
        .tamper("DELETE FROM outbox WHERE subject LIKE '%.c' OR subject LIKE '%.d'")
        .await;
    let (_relay, status) = world.relay(relay_config(), "owner");
    let found = refused(&status).await;
    assert_eq!(
        found,
        Refused::TooManyMissing {
            missing: 2,
            published: 18
        }
    );
    assert_eq!(living(&world).await.len(), 18);
    adopt(&world.db).await.unwrap();
    takes(&status).await;
    let gone = eventually(LONG, || async {
        (living(&world).await.len() == 16).then_some(())
    });
    gone.await.expect("not withdrawn after adoption");
    // That was allowed once.
    world.stage("z", "later").await;
    let later = eventually(LONG, || async {
        (living(&world).await.len() == 17).then_some(())
    });
    later.await.expect("not published");
}

/// Fills the stream as releases before this one did: it names no owner.
async fn filled_before(world: &World) {
    for (version, name) in (1..).zip(NAMES) {
        world.publish(SERVICE, name, version, "before").await;
    }
    world.bus.set_complete(SERVICE).await.unwrap();
}

async fn an_empty_database_never_empties_a_stream_of_an_older_release(world: World) {
    filled_before(&world).await;
    world.stage("z", "new").await;
    let (_relay, status) = world.relay(relay_config(), "new");
    assert!(matches!(
        refused(&status).await,
        Refused::TooManyMissing {
            missing: 20,
            published: 20
        }
    ));
    assert_eq!(living(&world).await.len(), 20);
    assert_eq!(world.bus.stream(SERVICE).await.unwrap().unwrap().owner, None);
}

async fn a_stream_of_an_older_release_is_taken_by_the_database_that_filled_it(world: World) {
    filled_before(&world).await;
    world.stage_all(&NAMES, "after").await;
    let (_relay, status) = world.relay(relay_config(), "upgraded");
    takes(&status).await;
    let states = world.in_step().await;
    assert!(states.values().all(|(_, payload)| payload == "after"));
    assert!(world.bus.stream(SERVICE).await.unwrap().unwrap().owner.is_some());
}

async fn a_copy_is_refused_while_its_original_fills_the_stream(world: World) {
    let (relay, status) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.in_step().await;
    let copy = world.copy().await;
    copy.stage_all(&["a", "b"], "staging").await;
    let (_copied, copied) = copy.relay(relay_config(), "copy");
    assert!(matches!(refused(&copied).await, Refused::Copy { .. }));
    still_fills(&world, &status).await;
    // Nor when the original was started again since the copy was made.
    relay.stop().await;
    let (_relay, status) = world.relay(relay_config(), "owner again");
    takes(&status).await;
    still_fills(&world, &status).await;
}

async fn a_copy_with_an_identity_of_its_own_is_a_stranger(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.in_step().await;
    relay.stop().await;
    let copy = world.copy().await;
    new_identity(&copy.db).await.unwrap();
    copy.stage_all(&["a", "b"], "staging").await;
    let (_copied, copied) = copy.relay(relay_config(), "copy");
    assert!(matches!(refused(&copied).await, Refused::Stranger { .. }));
    let (_relay, status) = world.relay(relay_config(), "owner");
    still_fills(&world, &status).await;
}

/// Nobody need tell: what the bus has newer is staged again above it.
async fn a_restored_database_takes_its_stream_again(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "backed up").await;
    world.in_step().await;
    relay.stop().await;
    let restored = world.copy().await;
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&["a", "u"], "lost").await;
    world.in_step().await;
    relay.stop().await;
    let (_relay, status) = restored.relay(
        config::Relay {
            reconcile_seconds: 1,
            ..relay_config()
        },
        "restored",
    );
    takes(&status).await;
    let back = eventually(LONG, || async {
        let states = living(&restored).await;
        (states.len() == NAMES.len() && states.values().all(|(_, payload)| payload == "backed up"))
            .then_some(())
    });
    back.await.expect("not healed");
}

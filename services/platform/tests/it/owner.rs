//! Which database owns a stream, on every database and every bus.

use prima_platform::{
    config,
    outbox::{Refused, Status, adopt, new_identity},
    testing::eventually,
};

use crate::world::{LONG, Replica, SERVICE, States, World, matrix, relay_config};

matrix!(
    another_database_is_refused_until_it_is_adopted,
    a_comparison_that_would_withdraw_too_much_is_refused_until_adopted,
    an_empty_database_never_empties_a_stream_of_an_older_release,
    a_stream_of_an_older_release_is_owned_by_the_database_that_filled_it,
    a_copy_is_refused_while_its_original_fills_the_stream,
    a_copy_with_an_identity_of_its_own_is_another_database,
    a_restored_database_owns_its_stream_again,
);

const NAMES: [&str; 20] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
];

async fn refused(status: &Status) -> Refused {
    eventually(LONG, || async { status.refused() })
        .await
        .expect("not refused")
}

async fn becomes_owner(status: &Status) {
    eventually(LONG, || async {
        (status.active() && status.refused().is_none()).then_some(())
    })
    .await
    .unwrap_or_else(|| panic!("does not become the owner: {:?}", status.refused()));
}

/// Versions and payloads of the states that are not withdrawn.
async fn current(replica: &Replica) -> States {
    let mut states = replica.on_bus().await.expect("a complete stream");
    states.retain(|_, (_, payload)| !payload.is_empty());
    states
}

/// Asserts that the stream has the states of `owner`, also after it stages another one, which shows that it still
/// publishes.
async fn still_fills(owner: &World, status: &Status) {
    owner.stage("a", "still here").await;
    let states = owner.synchronised().await;
    assert_eq!(states.len(), NAMES.len());
    assert_eq!(states["prima.survey.a"].1, "still here");
    assert!(
        status.active() && status.refused().is_none(),
        "{:?}",
        status.refused()
    );
}

async fn another_database_is_refused_until_it_is_adopted(world: World) {
    let (relay, status) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.synchronised().await;
    let another = world.another().await;
    another.stage("a", "theirs").await;
    let (_strange, strange) = another.relay(relay_config(), "another");
    assert!(matches!(refused(&strange).await, Refused::OtherDatabase { .. }));
    still_fills(&world, &status).await;
    // Also while the owner is stopped.
    relay.stop().await;
    another.stage("b", "theirs").await;
    assert!(matches!(refused(&strange).await, Refused::OtherDatabase { .. }));
    assert_eq!(world.synchronised().await.len(), NAMES.len());

    adopt(&another.db).await.unwrap();
    becomes_owner(&strange).await;
    let theirs = eventually(LONG, || async {
        let states = current(&another).await;
        (states.len() == 2 && states.values().all(|(_, payload)| payload == "theirs")).then_some(())
    });
    theirs.await.expect("not adopted");
    // The former owner is refused now.
    let (_relay, status) = world.relay(relay_config(), "owner again");
    assert!(matches!(refused(&status).await, Refused::OtherDatabase { .. }));
}

async fn a_comparison_that_would_withdraw_too_much_is_refused_until_adopted(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "state").await;
    world.synchronised().await;
    relay.stop().await;
    // Two of twenty are a tenth: they are withdrawn.
    world
        .tamper("DELETE FROM outbox WHERE subject LIKE '%.a' OR subject LIKE '%.b'")
        .await;
    let (relay, status) = world.relay(relay_config(), "owner");
    let gone = eventually(LONG, || async {
        (current(&world).await.len() == 18).then_some(())
    });
    gone.await.expect("not withdrawn");
    assert_eq!(status.refused(), None);
    relay.stop().await;
    // Two of eighteen are more than a tenth.
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
    assert_eq!(current(&world).await.len(), 18);
    adopt(&world.db).await.unwrap();
    becomes_owner(&status).await;
    let gone = eventually(LONG, || async {
        (current(&world).await.len() == 16).then_some(())
    });
    gone.await.expect("not withdrawn after adoption");
    // The adoption was for one time.
    world.stage("z", "later").await;
    let later = eventually(LONG, || async {
        (current(&world).await.len() == 17).then_some(())
    });
    later.await.expect("not published");
}

/// Fills the stream as an older release does, without an owner.
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
    assert_eq!(current(&world).await.len(), 20);
    assert_eq!(world.bus.stream(SERVICE).await.unwrap().unwrap().owner, None);
}

async fn a_stream_of_an_older_release_is_owned_by_the_database_that_filled_it(world: World) {
    filled_before(&world).await;
    world.stage_all(&NAMES, "after").await;
    let (_relay, status) = world.relay(relay_config(), "upgraded");
    becomes_owner(&status).await;
    let states = world.synchronised().await;
    assert!(states.values().all(|(_, payload)| payload == "after"));
    assert!(world.bus.stream(SERVICE).await.unwrap().unwrap().owner.is_some());
}

async fn a_copy_is_refused_while_its_original_fills_the_stream(world: World) {
    let (relay, status) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.synchronised().await;
    let copy = world.copy().await;
    copy.stage_all(&["a", "b"], "staging").await;
    let (_copied, copied) = copy.relay(relay_config(), "copy");
    assert!(matches!(refused(&copied).await, Refused::Copy { .. }));
    still_fills(&world, &status).await;
    // Also when the original was restarted after the copy was made.
    relay.stop().await;
    let (_relay, status) = world.relay(relay_config(), "owner again");
    becomes_owner(&status).await;
    still_fills(&world, &status).await;
}

async fn a_copy_with_an_identity_of_its_own_is_another_database(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "ours").await;
    world.synchronised().await;
    relay.stop().await;
    let copy = world.copy().await;
    new_identity(&copy.db).await.unwrap();
    copy.stage_all(&["a", "b"], "staging").await;
    let (_copied, copied) = copy.relay(relay_config(), "copy");
    assert!(matches!(refused(&copied).await, Refused::OtherDatabase { .. }));
    let (_relay, status) = world.relay(relay_config(), "owner");
    still_fills(&world, &status).await;
}

/// Without an operator, states that are newer on the bus are staged again with higher versions.
async fn a_restored_database_owns_its_stream_again(world: World) {
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&NAMES, "backed up").await;
    world.synchronised().await;
    relay.stop().await;
    let restored = world.copy().await;
    let (relay, _) = world.relay(relay_config(), "owner");
    world.stage_all(&["a", "u"], "lost").await;
    world.synchronised().await;
    relay.stop().await;
    let (_relay, status) = restored.relay(
        config::Relay {
            reconcile_seconds: 1,
            ..relay_config()
        },
        "restored",
    );
    becomes_owner(&status).await;
    let back = eventually(LONG, || async {
        let states = current(&restored).await;
        (states.len() == NAMES.len() && states.values().all(|(_, payload)| payload == "backed up"))
            .then_some(())
    });
    back.await.expect("not healed");
}

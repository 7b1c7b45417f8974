//! Whom a client talks to: certificates at first sight, remembered, changed, stolen, vouched for; and never a word to
//! the wrong one.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::BytesMut;
use parlor::client::command::Command;
use parlor::client::connection::Wire;
use parlor::client::model::{Field, Link, Model, Phase, Security, TlsVersion};
use parlor::pins::FILE_NAME;
use parlor::proto::ids::UserId;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use support::Server;
use support::front::{Authority, Face, Front, Identity, acceptor};
use support::user::{User, texts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const BOB: UserId = UserId(2);

/// A real server with another one in front of it, and the file of somebody who connects.
struct House {
    dir: tempfile::TempDir,
    own: Identity,
    front: Front,
    _server: Server,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(&dir.path().join("server"));
        let own = Identity::new();
        let front = Front::start(server.address, Face::Own(own.clone()));
        Self { dir, own, front, _server: server }
    }

    fn servers(&self) -> PathBuf {
        self.dir.path().join(FILE_NAME)
    }

    /// Somebody who remembers, and asks to get in at an address.
    fn alice(&self, address: &str) -> User {
        let mut alice = User::new(None).remembering(&self.servers());
        alice.ask_in(address, "Alice", "123");
        alice
    }

    /// The same, who has accepted the server's certificate and is in.
    fn trusting(&self) -> User {
        let mut alice = self.alice(&self.front.tls());
        alice.until("the question", |model| model.trust.is_some());
        alice.client.perform(Command::Trust { accept: true });
        alice.online()
    }

    fn nothing_was_said(&self) {
        let heard = self.front.heard();
        assert!(heard.is_empty(), "{:?}", String::from_utf8_lossy(&heard));
    }
}

fn problem(model: &Model) -> Option<String> {
    match &model.phase {
        Phase::SignedOut { problem: Some(problem) } => {
            assert_eq!(problem.field, Field::Server);
            Some(problem.message.clone())
        }
        _ => None,
    }
}

/// Waits until signing in has failed, and gives the reason.
fn refused(user: &mut User) -> String {
    user.until("the refusal", |model| problem(model).is_some());
    problem(user.client.model()).unwrap()
}

#[test]
fn the_first_contact_asks_and_says_nothing_before_the_answer() {
    let house = House::new();
    let mut alice = house.alice(&house.front.tls());
    alice.until("the question", |model| model.trust.is_some());
    let question = alice.client.model().trust.clone().unwrap();
    assert_eq!(
        (question.server.clone(), question.fingerprint),
        (house.front.address.to_string(), house.own.fingerprint())
    );
    assert!(question.is_first_contact() && question.lost.is_none());
    house.nothing_was_said();

    alice.client.perform(Command::Trust { accept: false });
    assert!(refused(&mut alice).contains("Nothing was sent"));
    house.nothing_was_said();

    alice.ask_in(&house.front.tls(), "Alice", "123");
    alice.until("the question", |model| model.trust.is_some());
    alice.client.perform(Command::Trust { accept: true });
    let alice = alice.online();
    let security = Security::Encrypted { fingerprint: house.own.fingerprint(), version: TlsVersion::V1_3 };
    assert_eq!((alice.client.model().security, &alice.client.model().trust), (security, &None));
    assert!(!house.front.heard().is_empty());
    drop(alice);

    // Another window at another time, and the address in another form: nobody asks again. On this computer, too, a
    // server that has spoken TLS is not spoken to in plain text.
    for address in [house.front.tls(), house.front.address.to_string()] {
        let alice = house.alice(&address).online();
        assert_eq!(alice.client.model().security, security, "{address}");
    }
}

#[test]
fn a_changed_certificate_alarms_before_a_login() {
    let house = House::new();
    drop(house.trusting());
    house.front.heard();
    let other = Identity::new();
    house.front.show(Face::Own(other.clone()));
    let mut alice = house.alice(&house.front.tls());
    alice.until("the alarm", |model| model.trust.is_some());
    let question = alice.client.model().trust.clone().unwrap();
    assert_eq!((question.fingerprint, question.known), (other.fingerprint(), Some(house.own.fingerprint())));
    alice.client.perform(Command::Trust { accept: false });
    assert!(refused(&mut alice).contains("has changed"));
    house.nothing_was_said();

    // Whoever takes it for the right one is not asked again; for the old one they are.
    alice.ask_in(&house.front.tls(), "Alice", "123");
    alice.until("the alarm", |model| model.trust.is_some());
    alice.client.perform(Command::Trust { accept: true });
    drop(alice.online());
    drop(house.alice(&house.front.tls()).online());
    house.front.heard();
    house.front.show(Face::Own(house.own.clone()));
    house.alice(&house.front.tls()).until("the alarm", |model| model.trust.is_some());
    house.nothing_was_said();
}

#[test]
fn a_changed_certificate_stops_a_client_that_comes_back_and_everything_stays() {
    let house = House::new();
    let mut alice = house.trusting();
    alice.say(BOB, "before");
    alice.until("its acknowledgement", |model| texts(model, BOB) == ["before"]);
    house.front.show(Face::Own(Identity::new()));
    house.front.heard();
    alice.client.perform(Command::RetryNow);
    alice.until("the alarm", |model| model.trust.is_some());
    alice.say(BOB, "during");
    let model = alice.client.model();
    assert!(model.phase == Phase::SignedIn && matches!(model.link, Link::Halted { .. }), "{:?}", model.link);
    assert_eq!(alice.texts(BOB), ["before"]);
    assert_eq!(model.outbox.entries().count(), 1);

    // Nothing is tried until somebody wants it, and then it is asked again.
    let connections = house.front.connections();
    alice.client.perform(Command::Trust { accept: false });
    alice.until("the answer", |model| matches!(&model.link, Link::Halted { reason } if reason.contains("has changed")));
    // As long as it takes another window to connect and be asked, this one does nothing.
    house.alice(&house.front.tls()).until("the alarm", |model| model.trust.is_some());
    alice.client.poll();
    assert_eq!((house.front.connections(), &alice.client.model().trust), (connections + 1, &None));
    alice.client.perform(Command::RetryNow);
    alice.until("the alarm", |model| model.trust.is_some());
    house.nothing_was_said();

    alice.client.perform(Command::Trust { accept: false });
    alice.until("the answer", |model| model.trust.is_none() && matches!(model.link, Link::Halted { .. }));
    house.front.show(Face::Own(house.own.clone()));
    alice.client.perform(Command::RetryNow);
    alice.until("the rest", |model| texts(model, BOB) == ["before", "during"]);
}

#[test]
fn who_has_the_certificate_and_not_its_key_is_refused() {
    let house = House::new();
    drop(house.trusting());
    house.front.heard();
    house.front.show(Face::Stolen(house.own.clone(), Identity::new()));
    let mut alice = house.alice(&house.front.tls());
    let message = refused(&mut alice);
    assert!(message.contains("cannot prove"), "{message}");
    house.nothing_was_said();
}

#[test]
fn the_older_tls_proves_as_much() {
    let house = House::new();
    house.front.show(Face::Old(house.own.clone(), house.own.clone()));
    let alice = house.trusting();
    let security = Security::Encrypted { fingerprint: house.own.fingerprint(), version: TlsVersion::V1_2 };
    assert_eq!(alice.client.model().security, security);
    drop(alice);
    house.front.heard();
    house.front.show(Face::Old(house.own.clone(), Identity::new()));
    let message = refused(&mut house.alice(&house.front.tls()));
    assert!(message.contains("cannot prove"), "{message}");
    house.nothing_was_said();
}

#[test]
fn what_has_spoken_tls_is_never_spoken_to_in_plain_text() {
    let house = House::new();
    drop(house.trusting());
    house.front.show(Face::Plain);
    house.front.heard();
    let connections = house.front.connections();
    let mut alice = house.alice(&format!("plain://{}", house.front.address));
    let message = refused(&mut alice);
    assert!(message.contains("without plain://"), "{message}");
    assert_eq!(house.front.connections(), connections, "it is not even looked for");
    house.nothing_was_said();

    for address in [house.front.tls(), house.front.address.to_string()] {
        let message = refused(&mut house.alice(&address));
        assert!(message.contains("now does not") && !message.contains("plain://"), "{message}");
        let heard = house.front.heard();
        assert_eq!(heard.first(), Some(&0x16), "only an offer of TLS");
        assert!(!String::from_utf8_lossy(&heard).contains("Alice"));
    }
}

#[test]
fn a_server_that_was_only_seen_to_encrypt_is_not_spoken_to_in_plain_text_either() {
    let house = House::new();
    let mut alice = house.alice(&house.front.tls());
    alice.until("the question", |model| model.trust.is_some());
    alice.client.perform(Command::Trust { accept: false });
    refused(&mut alice);
    alice.ask_in(&format!("plain://{}", house.front.address), "Alice", "123");
    assert!(refused(&mut alice).contains("known to encrypt"));
    house.nothing_was_said();
}

#[test]
fn a_server_without_encryption_says_how_to_reach_it_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let front = Front::start(server.address, Face::Plain);
    let mut alice = User::sign_in(&front.tls(), "Alice", "123");
    let message = refused(&mut alice);
    assert!(message.contains("does not encrypt") && message.contains("plain://"), "{message}");
    assert!(!String::from_utf8_lossy(&front.heard()).contains("Alice"));
    let alice = User::sign_in(&format!("plain://{}", front.address), "Alice", "123").online();
    assert_eq!(alice.client.model().security, Security::Here);
}

#[test]
fn a_link_says_which_certificate_is_the_right_one() {
    let house = House::new();
    let expect = |alice: &mut User, identity: &Identity| {
        let (server, fingerprint) = (house.front.address.to_string(), identity.fingerprint());
        alice.client.perform(Command::Expect { server, fingerprint });
    };
    let mut alice = User::new(None).remembering(&house.servers());
    let other = Identity::new();
    expect(&mut alice, &other);
    // An address on this computer, but a link with a fingerprint is of a server that encrypts.
    alice.ask_in(&house.front.address.to_string(), "Alice", "123");
    alice.until("the alarm", |model| model.trust.is_some());
    let question = alice.client.model().trust.clone().unwrap();
    assert_eq!((question.expected, question.fingerprint), (Some(other.fingerprint()), house.own.fingerprint()));
    assert!(!question.may_be_right());
    alice.client.perform(Command::Trust { accept: true });
    assert!(refused(&mut alice).contains("new link"), "nobody can overrule it");
    house.nothing_was_said();

    expect(&mut alice, &house.own);
    alice.ask_in(&house.front.tls(), "Alice", "123");
    drop(alice.online());
    let alice = house.alice(&house.front.tls()).online();
    assert_eq!(alice.client.model().trust, None, "it is remembered");
}

#[test]
fn what_is_remembered_is_not_lost_in_silence() {
    let house = House::new();
    drop(house.trusting());
    let whole = std::fs::read(house.servers()).unwrap();
    std::fs::write(house.servers(), &whole[..whole.len() / 2]).unwrap();
    let mut alice = house.alice(&house.front.tls());
    alice.until("the question", |model| model.trust.is_some());
    let lost = alice.client.model().trust.clone().unwrap().lost.unwrap();
    assert_eq!(std::fs::read(Path::new(&lost)).unwrap(), whole[..whole.len() / 2]);

    std::fs::remove_file(house.servers()).unwrap();
    std::fs::create_dir(house.servers()).unwrap();
    house.front.heard();
    let message = refused(&mut house.alice(&house.front.tls()));
    assert!(message.contains("cannot be read"), "{message}");
    house.nothing_was_said();
}

/// Set where the authority is trusted by the system: in a process of its own, which is told so when it starts.
const VOUCHED: &str = "SSL_CERT_FILE";
const CHILD: &str = "PARLOR_TEST_CHILD";

#[test]
fn what_the_system_trusts_needs_no_question() {
    let Ok(folder) = std::env::var(CHILD) else {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::write(dir.path().join("authority.pem"), &authority.pem).unwrap();
        let identities = [authority.issue(), authority.issue()];
        for (name, identity) in ["one", "two"].iter().zip(&identities) {
            std::fs::write(dir.path().join(name), &identity.certificate).unwrap();
            std::fs::write(dir.path().join(format!("{name}.key")), identity.key.serialize_pem()).unwrap();
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "what_the_system_trusts_needs_no_question", "--nocapture"]);
        child.env(VOUCHED, dir.path().join("authority.pem")).env(CHILD, dir.path());
        assert!(child.status().unwrap().success());
        return;
    };
    let issued = |name: &str| {
        let certificate = std::fs::read(Path::new(&folder).join(name)).unwrap();
        let key = std::fs::read_to_string(Path::new(&folder).join(format!("{name}.key"))).unwrap();
        Identity { certificate: certificate.into(), key: Arc::new(rcgen::KeyPair::from_pem(&key).unwrap()) }
    };
    let (one, two) = (issued("one"), issued("two"));

    // The system may vouch for the next certificate of one that it vouched for.
    let house = House::new();
    for own in [&one, &two] {
        house.front.show(Face::Own(own.clone()));
        let alice = house.alice(&house.front.tls()).online();
        assert_eq!(alice.client.model().trust, None);
    }
    house.front.show(Face::Own(house.own.clone()));
    house.front.heard();
    let mut alice = house.alice(&house.front.tls());
    alice.until("the alarm", |model| model.trust.as_ref().is_some_and(|it| it.known == Some(two.fingerprint())));
    house.nothing_was_said();

    // Not for one that a person has found to be right, nor where a person's word may have been lost.
    let house = House::new();
    drop(house.trusting());
    house.front.show(Face::Own(one.clone()));
    house.front.heard();
    house.alice(&house.front.tls()).until("the alarm", |model| model.trust.is_some());
    std::fs::write(house.servers(), "{").unwrap();
    house.alice(&house.front.tls()).until("the question", |model| model.trust.is_some());
    house.nothing_was_said();
}

#[test]
fn what_is_printed_of_a_wish_has_no_password() {
    let command = Command::SignIn { address: "a".into(), username: "Alice".into(), password: "canary".into() };
    assert!(!format!("{command:?}").contains("canary"));
    let mut alice = User::new(None);
    alice.client.perform(command);
    assert!(!format!("{:?} {:?}", alice.client.model(), alice.client).contains("canary"));
}

#[test]
fn two_sides_that_both_write_first_do_not_wait_for_each_other() {
    const ALL: usize = 8 * 1024 * 1024;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = async {
        let (mut wire, mut stream) = joined().await;
        let frame = parlor::proto::frame::frame_of(&serde_json::json!({"text": "x".repeat(10_000)}));
        let count = ALL / frame.len();
        let all = frame.repeat(count);
        let peer = tokio::spawn({
            let all = all.clone();
            async move {
                stream.write_all(&all).await.unwrap();
                stream.flush().await.unwrap();
                let mut came = vec![0; all.len()];
                stream.read_exact(&mut came).await.unwrap();
                assert!(came == all);
            }
        });
        let mut out = BytesMut::from(all.as_slice());
        let mut came = 0;
        while came < count {
            // Given up again and again, as by a client that has something else to do: nothing is lost by it.
            tokio::select! {
                biased;
                json = wire.exchange(&mut out) => {
                    assert!(json.unwrap().len() > 10_000);
                    came += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        while !peer.is_finished() {
            tokio::select! {
                end = wire.exchange(&mut out) => assert!(end.is_err()),
                () = tokio::task::yield_now() => {}
            }
        }
        peer.await.unwrap();
    };
    runtime.block_on(async { tokio::time::timeout(support::DEADLINE, work).await.unwrap() });
}

#[test]
fn what_is_encrypted_already_goes_out_although_nothing_follows() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = async {
        let (mut wire, mut stream) = joined().await;
        let mut out = BytesMut::new();
        let mut all = 0;
        // The other side does not read, so that the socket is full, and at last what waits for it, too.
        while out.is_empty() {
            out.extend_from_slice(&[b' '; 1_000]);
            all += 1_000;
            tokio::select! {
                biased;
                end = wire.exchange(&mut out) => panic!("{end:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        let mut came = vec![0; all - out.len()];
        out.clear();
        tokio::select! {
            end = wire.exchange(&mut out) => panic!("{end:?}"),
            came = stream.read_exact(&mut came) => drop(came.unwrap()),
        }
    };
    runtime.block_on(async { tokio::time::timeout(support::DEADLINE, work).await.unwrap() });
}

/// Two ends of a connection within TLS.
async fn joined() -> (Wire, tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = Authority::new();
    let own = authority.issue();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(config);
    let acceptor = acceptor(&own, &own);
    let accepted = async { acceptor.accept(listener.accept().await.unwrap().0).await };
    let (mine, theirs) = tokio::join!(connector.connect(name, stream), accepted);
    (Wire::within(mine.unwrap()), theirs.unwrap())
}

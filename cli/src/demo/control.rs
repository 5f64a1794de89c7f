//! `demo.sock` in the data directory of `comptoir up`, for `comptoir demo`: one command per connection, answered with one line
//! of JSON. Its mode is 0600, so that only the user who started `up` and root can use it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::Relay;

/// The socket's name.
pub const NAME: &str = "demo.sock";
/// Longer than any command and its answer.
const LINE_BYTES_MAX: u64 = 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A command for the connection between the shop and central.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Disconnect.
    Offline,
    /// Connect.
    Online,
    /// Only report the state.
    Status,
}

/// The state of the connection after a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the shop reaches central.
    pub online: bool,
    /// Address of the shop's node.
    pub local_url: String,
    /// Why the request was not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The served socket. Dropping the value removes it.
pub struct Served {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
        // The next start replaces a socket that cannot be removed.
        let _ = fs::remove_file(&self.path);
    }
}

/// Serves the socket. The caller owns the data directory, so an existing socket is left over from a dead process.
pub fn serve(data_dir: &Path, relay: Arc<Relay>, local_url: String) -> io::Result<Served> {
    let path = data_dir.join(NAME);
    let listener = bind_private(data_dir, &path)?;
    let task = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // A silent caller, or one that hangs up, gets no answer and delays nobody.
                    let answered = answer(stream, &relay, &local_url);
                    let _ = tokio::time::timeout(ANSWER_WITHIN, answered).await;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(Served { path, task })
}

/// Binds inside a private folder and moves the socket out once its mode is set, so that another user can never connect.
fn bind_private(data_dir: &Path, path: &Path) -> io::Result<UnixListener> {
    let folder = data_dir.join("demo.new");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let listener = with_short_path(&folder, |short| UnixListener::bind(short))?;
    let bound = folder.join(NAME);
    fs::set_permissions(&bound, fs::Permissions::from_mode(0o600))?;
    fs::rename(&bound, path)?;
    fs::remove_dir(&folder)?;
    Ok(listener)
}

/// A socket's path has at most 107 bytes. Through the open folder's descriptor the path is always short enough.
fn with_short_path<T>(folder: &Path, using: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = File::open(folder)?;
    using(&PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd())))
}

async fn answer(mut stream: UnixStream, relay: &Relay, local_url: &str) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let error = match serde_json::from_str(line.trim()) {
        Ok(Request::Offline) => {
            relay.cut().await;
            None
        }
        Ok(Request::Online) => relay.join().await.err().map(|error| format!("{}: {error}", relay.address())),
        Ok(Request::Status) => None,
        Err(error) => Some(format!("{:?} is not a request: {error}", line.trim())),
    };
    let reply = Reply { online: relay.is_joined().await, local_url: local_url.to_owned(), error };
    let mut line = serde_json::to_string(&reply)?;
    line.push('\n');
    write.write_all(line.as_bytes()).await
}

/// Asks the `comptoir up` that serves a data directory.
pub async fn ask(data_dir: &Path, request: Request) -> io::Result<Reply> {
    let connected = with_short_path(data_dir, |short| std::os::unix::net::UnixStream::connect(short))?;
    connected.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(connected)?;
    let asked = async {
        let mut line = serde_json::to_string(&request)?;
        line.push('\n');
        stream.write_all(line.as_bytes()).await?;
        let mut reply = String::new();
        BufReader::new((&mut stream).take(LINE_BYTES_MAX)).read_line(&mut reply).await?;
        Ok(serde_json::from_str(&reply)?)
    };
    tokio::time::timeout(ANSWER_WITHIN, asked).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_private_socket_disconnects_connects_and_ends_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        // Longer than a socket's path may be.
        let data_dir = folder.path().join("d".repeat(120));
        fs::create_dir(&data_dir).unwrap();
        assert_eq!(ask(&data_dir, Request::Status).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(data_dir.join(NAME), "left by a crash").unwrap();
        let relay = Arc::new(Relay::start("127.0.0.1:9".parse().unwrap()).await.unwrap());
        let served = serve(&data_dir, Arc::clone(&relay), "http://shop".to_owned()).unwrap();
        assert_eq!(fs::metadata(data_dir.join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);

        let reply = |online| Reply { online, local_url: "http://shop".to_owned(), error: None };
        for (request, online) in [
            (Request::Status, true),
            (Request::Offline, false),
            (Request::Offline, false),
            (Request::Status, false),
            (Request::Online, true),
        ] {
            assert_eq!(ask(&data_dir, request).await.unwrap(), reply(online), "{request:?}");
            assert_eq!(relay.is_joined().await, online);
        }
        drop(served);
        assert_eq!(ask(&data_dir, Request::Status).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_unknown_request_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let relay = Arc::new(Relay::start("127.0.0.1:9".parse().unwrap()).await.unwrap());
        let _served = serve(folder.path(), Arc::clone(&relay), "http://shop".to_owned()).unwrap();
        let mut stream = UnixStream::connect(folder.path().join(NAME)).await.unwrap();
        stream.write_all(b"off\n").await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        let reply: Reply = serde_json::from_str(&line).unwrap();
        assert!(reply.online && reply.error.unwrap().contains("\"off\" is not a request"));
    }
}

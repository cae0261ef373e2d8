//! HTTP/1.1 over TCP, one request at a time, into a buffer of the caller.
//!
//! Only what a scrape or a webhook needs: connections that are used again, bodies with a
//! length, in chunks, or up to the end of the connection (RFC 9112). The body is
//! handed out as one slice: chunks are moved together in place.

use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::HttpError;

/// Bytes of status line and headers, at most.
const HEAD_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 100;
/// Room that is made for a read when the body's length is not known.
const READ_BYTES: usize = 64 << 10;
/// Room that is made in advance for a body whose length was told, at most: what a
/// server tells is not yet what it sends.
const RESERVE_BYTES_MAX: usize = 4 << 20;
/// Operating systems wait for minutes; a scrape's own timeout is mostly shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A connection that is kept between scrapes.
#[derive(Debug, Default)]
pub struct Connection(Option<TcpStream>);

/// What came back. The body is in the buffer that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// What the status line says behind the code.
    pub reason: String,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Content-Encoding`
    pub content_encoding: Option<String>,
    /// Where in the buffer the body is.
    pub body: Range<usize>,
}

/// What becomes of a body that cannot be read whole.
#[derive(Debug, Clone, Copy)]
enum Oversize {
    Refuse,
    Drop,
}

impl Reply {
    /// Another header, out of the buffer that this answer was read into.
    #[must_use]
    pub fn header<'b>(&self, buf: &'b [u8], name: &str) -> Option<&'b str> {
        let head = std::str::from_utf8(&buf[..self.body.start]).ok()?;
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        // From the back: an answer with a 1xx status may stand before.
        let (_, value) = lines.rfind(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// How the body ends.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    None,
    Length(u64),
    Chunked,
    Close,
}

struct Head {
    reply: Reply,
    framing: Framing,
    keep_alive: bool,
    len: usize,
}

impl Connection {
    /// Sends `request` and reads the answer into `buf`; at most `limit` bytes of
    /// body. A connection that the server closed meanwhile is made anew.
    ///
    /// When the future is dropped (a timeout) the connection is closed with it.
    pub async fn exchange(
        &mut self,
        origin: &Origin,
        request: &[u8],
        buf: &mut Vec<u8>,
        limit: u64,
    ) -> Result<Reply, HttpError> {
        self.exchange_or(Oversize::Refuse, origin, request, buf, limit)
            .await
    }

    /// As [`Connection::exchange`], for those who want to know above all whether the
    /// server took the request: a body that is larger than `limit` or breaks off is
    /// empty, and the connection is not used again.
    pub async fn exchange_status(
        &mut self,
        origin: &Origin,
        request: &[u8],
        buf: &mut Vec<u8>,
        limit: u64,
    ) -> Result<Reply, HttpError> {
        self.exchange_or(Oversize::Drop, origin, request, buf, limit)
            .await
    }

    async fn exchange_or(
        &mut self,
        oversize: Oversize,
        origin: &Origin,
        request: &[u8],
        buf: &mut Vec<u8>,
        limit: u64,
    ) -> Result<Reply, HttpError> {
        if let Some(stream) = self.0.take() {
            match self.on(stream, oversize, request, buf, limit).await {
                // Nothing came back: the server had closed the idle connection.
                Err(HttpError::Connection(_)) if buf.is_empty() => {}
                done => return done,
            }
        }
        let stream = connect(origin).await?;
        self.on(stream, oversize, request, buf, limit).await
    }

    async fn on(
        &mut self,
        mut stream: TcpStream,
        oversize: Oversize,
        request: &[u8],
        buf: &mut Vec<u8>,
        limit: u64,
    ) -> Result<Reply, HttpError> {
        buf.clear();
        stream.write_all(request).await.map_err(|e| broken(&e))?;
        let mut head = read_head(&mut stream, buf).await?;
        let read = match head.framing {
            Framing::None => Ok(head.len..head.len),
            Framing::Length(length) => read_length(&mut stream, buf, head.len, length, limit).await,
            Framing::Chunked => read_chunks(&mut stream, buf, head.len, limit).await,
            Framing::Close => read_to_end(&mut stream, buf, head.len, limit).await,
        };
        head.reply.body = match (read, oversize) {
            (Ok(body), _) => body,
            (Err(error), Oversize::Refuse) => return Err(error),
            (Err(_), Oversize::Drop) => {
                head.keep_alive = false;
                head.len..head.len
            }
        };
        if head.keep_alive {
            self.0 = Some(stream);
        }
        Ok(head.reply)
    }
}

async fn connect(origin: &Origin) -> Result<TcpStream, HttpError> {
    let address = || format!("{}:{}", origin.host, origin.port);
    let failed =
        |e: &dyn std::fmt::Display| HttpError::Connection(format!("dial tcp {}: {e}", address()));
    let host = origin.host.trim_start_matches('[').trim_end_matches(']');
    let connecting = TcpStream::connect((host, origin.port));
    let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return Err(failed(&describe(&e))),
        Err(_) => return Err(failed(&"i/o timeout")),
    };
    // A request is one write; waiting to fill a packet would only delay it.
    stream.set_nodelay(true).map_err(|e| failed(&e))?;
    Ok(stream)
}

/// The error in words, without the operating system's number.
fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        std::io::ErrorKind::ConnectionReset => "connection reset by peer".into(),
        _ => error.to_string(),
    }
}

fn broken(error: &std::io::Error) -> HttpError {
    HttpError::Connection(describe(error))
}

/// Reads at least one more byte.
async fn more(stream: &mut TcpStream, buf: &mut Vec<u8>, room: usize) -> Result<(), HttpError> {
    if buf.capacity() - buf.len() < 1024 {
        buf.reserve(room);
    }
    match stream.read_buf(buf).await {
        Ok(0) => Err(HttpError::Connection("unexpected EOF".into())),
        Ok(_) => Ok(()),
        Err(e) => Err(broken(&e)),
    }
}

async fn read_head(stream: &mut TcpStream, buf: &mut Vec<u8>) -> Result<Head, HttpError> {
    let mut from = 0;
    loop {
        more(stream, buf, READ_BYTES).await?;
        loop {
            match parse_head(buf, from)? {
                None => break,
                // 1xx: the answer proper follows.
                Some(head) if head.reply.status < 200 => from = head.len,
                Some(head) => return Ok(head),
            }
        }
        if buf.len() - from > HEAD_BYTES_MAX {
            return Err(HttpError::Malformed(format!(
                "headers of more than {HEAD_BYTES_MAX} bytes"
            )));
        }
    }
}

fn parse_head(buf: &[u8], from: usize) -> Result<Option<Head>, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let len = match response.parse(&buf[from..]) {
        Ok(httparse::Status::Complete(len)) => from + len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(e) => return Err(HttpError::Malformed(e.to_string())),
    };
    let status = response.code.unwrap_or(0);
    let mut reply = Reply {
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        content_type: None,
        content_encoding: None,
        body: 0..0,
    };
    let mut keep_alive = response.version == Some(1);
    let mut framing = Framing::Close;
    for header in response.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default().trim();
        let name = header.name;
        if name.eq_ignore_ascii_case("content-type") {
            reply.content_type = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("content-encoding") {
            reply.content_encoding = Some(value.to_ascii_lowercase());
        } else if name.eq_ignore_ascii_case("content-length") && framing != Framing::Chunked {
            let length = value
                .parse()
                .map_err(|_| HttpError::Malformed(format!("content length {value:?}")))?;
            framing = Framing::Length(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(HttpError::Malformed(format!("transfer encoding {value:?}")));
            }
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            for word in value.split(',').map(str::trim) {
                if word.eq_ignore_ascii_case("close") {
                    keep_alive = false;
                } else if word.eq_ignore_ascii_case("keep-alive") {
                    keep_alive = true;
                }
            }
        }
    }
    if status == 204 || status == 304 || status < 200 {
        framing = Framing::None;
    }
    if framing == Framing::Close {
        keep_alive = false;
    }
    Ok(Some(Head {
        reply,
        framing,
        keep_alive,
        len,
    }))
}

async fn read_length(
    stream: &mut TcpStream,
    buf: &mut Vec<u8>,
    at: usize,
    length: u64,
    limit: u64,
) -> Result<Range<usize>, HttpError> {
    if length > limit {
        return Err(HttpError::TooLarge { limit });
    }
    let end = usize::try_from(length)
        .ok()
        .and_then(|length| at.checked_add(length))
        .ok_or(HttpError::TooLarge { limit })?;
    buf.reserve(end.saturating_sub(buf.len()).min(RESERVE_BYTES_MAX));
    while buf.len() < end {
        more(
            stream,
            buf,
            READ_BYTES.max(end.saturating_sub(buf.len()).min(RESERVE_BYTES_MAX)),
        )
        .await?;
    }
    Ok(at..end)
}

async fn read_to_end(
    stream: &mut TcpStream,
    buf: &mut Vec<u8>,
    at: usize,
    limit: u64,
) -> Result<Range<usize>, HttpError> {
    loop {
        if (buf.len() - at) as u64 > limit {
            return Err(HttpError::TooLarge { limit });
        }
        if buf.capacity() - buf.len() < 1024 {
            buf.reserve(READ_BYTES);
        }
        match stream.read_buf(buf).await {
            Ok(0) => return Ok(at..buf.len()),
            Ok(_) => {}
            Err(e) => return Err(broken(&e)),
        }
    }
}

/// Chunks from `at` on, moved together; answers where the body is. What lies
/// between its end and the end of the buffer is rubbish.
async fn read_chunks(
    stream: &mut TcpStream,
    buf: &mut Vec<u8>,
    at: usize,
    limit: u64,
) -> Result<Range<usize>, HttpError> {
    let mut end = at;
    let mut next = at;
    loop {
        let (line, size) = loop {
            match httparse::parse_chunk_size(&buf[next..]) {
                Ok(httparse::Status::Complete(found)) => break found,
                Ok(httparse::Status::Partial) if buf.len() - next > 4096 => {
                    return Err(HttpError::Malformed(
                        "chunk line of more than 4096 bytes".into(),
                    ));
                }
                Ok(httparse::Status::Partial) => more(stream, buf, READ_BYTES).await?,
                Err(_) => return Err(HttpError::Malformed("chunk size".into())),
            }
        };
        next += line;
        if size == 0 {
            break;
        }
        if (end - at) as u64 + size > limit {
            return Err(HttpError::TooLarge { limit });
        }
        // The limit is far below the address space, so the size fits.
        let size = size as usize;
        while buf.len() < next + size + 2 {
            more(stream, buf, READ_BYTES).await?;
        }
        buf.copy_within(next..next + size, end);
        end += size;
        next += size;
        if &buf[next..next + 2] != b"\r\n" {
            return Err(HttpError::Malformed("chunk without its end".into()));
        }
        next += 2;
    }
    skip_trailers(stream, buf, next).await?;
    Ok(at..end)
}

async fn skip_trailers(
    stream: &mut TcpStream,
    buf: &mut Vec<u8>,
    from: usize,
) -> Result<(), HttpError> {
    loop {
        let rest = &buf[from..];
        if rest.starts_with(b"\r\n") || rest.windows(4).any(|w| w == b"\r\n\r\n") {
            return Ok(());
        }
        if rest.len() > HEAD_BYTES_MAX {
            return Err(HttpError::Malformed(format!(
                "trailers of more than {HEAD_BYTES_MAX} bytes"
            )));
        }
        more(stream, buf, READ_BYTES).await?;
    }
}

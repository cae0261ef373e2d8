//! A WebSocket that only listens (RFC 6455): what a client of a live tail needs.
//!
//! It does not check the server's accept key, speaks no extension, and sends
//! nothing but the answers to pings.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

/// The longest message that is taken.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

/// An open WebSocket.
pub struct WebSocket {
    stream: BufReader<TcpStream>,
    patience: Duration,
}

impl WebSocket {
    /// Opens one on `path`; waiting for a message ends after `patience`.
    pub fn open(address: SocketAddr, path: &str, patience: Duration) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        ensure!(
            line.split(' ').nth(1) == Some("101"),
            "no WebSocket at {path}: {}",
            line.trim_end()
        );
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        Ok(Self {
            stream: reader,
            patience,
        })
    }

    /// The next message; `None` when the server has closed, or said nothing for
    /// as long as the socket is patient.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>> {
        let begun = Instant::now();
        let mut message = Vec::new();
        // Pings come all the time: only whole messages count.
        while begun.elapsed() < self.patience {
            let mut head = [0; 2];
            if self.stream.read_exact(&mut head).is_err() {
                return Ok(None);
            }
            let (last, opcode) = (head[0] & 0x80 != 0, head[0] & 0x0f);
            let length = match head[1] & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes()?)),
                127 => u64::from_be_bytes(self.bytes()?),
                short => u64::from(short),
            };
            ensure!(
                message.len() as u64 + length <= MESSAGE_BYTES_MAX,
                "a message of more than {MESSAGE_BYTES_MAX} bytes"
            );
            let from = message.len();
            message.resize(from + length as usize, 0);
            self.stream.read_exact(&mut message[from..])?;
            match opcode {
                0..=2 if last => return Ok(Some(message)),
                0..=2 => {}
                8 => return Ok(None),
                9 => {
                    let ping = message.split_off(from);
                    self.pong(&ping)?;
                }
                10 => message.truncate(from),
                other => bail!("a frame of unknown kind {other}"),
            }
        }
        Ok(None)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Clients mask what they send; a mask of zeros changes nothing.
    fn pong(&mut self, payload: &[u8]) -> Result<()> {
        let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
        ensure!(length <= 125, "a ping of {} bytes", payload.len());
        let mut frame = vec![0x8a, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        self.stream.get_mut().write_all(&frame)?;
        Ok(())
    }
}

//! Bits and small numbers in byte strings: bit writer and reader, zigzag, LEB128.
//!
//! Readers never panic: what is missing is `None`.

/// Maps small numbers of either sign to small unsigned ones: 0, -1, 1, -2, ...
#[must_use]
#[inline]
pub const fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[must_use]
#[inline]
pub const fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// How many bits `v` needs: 0 for 0, 64 at most.
#[must_use]
#[inline]
pub const fn width(v: u64) -> u32 {
    64 - v.leading_zeros()
}

/// Appends `v` as LEB128: 7 bits a byte, lowest first, 10 bytes at most.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends `v` as zigzag LEB128.
#[inline]
pub fn put_varint_signed(out: &mut Vec<u8>, v: i64) {
    put_varint(out, zigzag(v));
}

/// How many bytes [`put_varint`] writes.
#[must_use]
#[inline]
pub const fn varint_len(v: u64) -> usize {
    (width(v | 1) as usize).div_ceil(7)
}

/// A byte string that is read from front to back.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Reads `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(head)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*head)
    }

    /// The next byte.
    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        let (&head, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(head)
    }

    /// The next four bytes, little endian.
    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes, little endian.
    #[inline]
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next LEB128 number; `None` also when it does not fit 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Option<u64> {
        let mut v = 0u64;
        for (i, &byte) in self.rest.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if i == 9 && bits > 1 {
                return None;
            }
            v |= bits << (7 * i);
            if byte < 0x80 {
                self.rest = &self.rest[i + 1..];
                return Some(v);
            }
        }
        None
    }

    /// The next zigzag LEB128 number.
    #[inline]
    pub fn varint_signed(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }
}

/// Writes bits behind each other, lowest bit of a byte first.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    pending: u64,
    used: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`, from a byte boundary on.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            pending: 0,
            used: 0,
        }
    }

    /// Writes the lowest `n` bits of `v`, 64 at most; higher ones must be 0.
    #[inline]
    pub fn put(&mut self, v: u64, n: u32) {
        debug_assert!(n <= 64 && (n == 64 || v >> n == 0), "{v} in {n} bits");
        if n == 0 {
            return;
        }
        self.pending |= v << self.used;
        let free = 64 - self.used;
        if n < free {
            self.used += n;
            return;
        }
        self.out.extend_from_slice(&self.pending.to_le_bytes());
        self.pending = if free == 64 { 0 } else { v >> free };
        self.used = n - free;
    }

    /// Fills the last byte with zeros; without this call the last bits are lost.
    pub fn finish(self) {
        let bytes = self.used.div_ceil(8) as usize;
        self.out
            .extend_from_slice(&self.pending.to_le_bytes()[..bytes]);
    }
}

/// Reads what a [`BitWriter`] wrote.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes` from the first bit on.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `n` bits, 64 at most.
    #[inline]
    pub fn get(&mut self, n: u32) -> Option<u64> {
        let end = self.at + n as usize;
        if n > 64 || end > self.bytes.len() * 8 {
            return None;
        }
        if n == 0 {
            return Some(0);
        }
        let (byte, shift) = (self.at / 8, (self.at % 8) as u32);
        self.at = end;
        let window = &self.bytes[byte..];
        let word = match window.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0; 8];
                chunk[..window.len()].copy_from_slice(window);
                u64::from_le_bytes(chunk)
            }
        };
        let mut v = word >> shift;
        if shift + n > 64 {
            v |= u64::from(window[8]) << (64 - shift);
        }
        Some(if n == 64 { v } else { v & ((1 << n) - 1) })
    }

    /// The next bit.
    #[inline]
    pub fn bit(&mut self) -> Option<bool> {
        self.get(1).map(|b| b == 1)
    }

    /// Bytes touched so far, the one begun included.
    #[must_use]
    pub fn bytes_read(&self) -> usize {
        self.at.div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn numbers_come_back() {
        let mut random = Random::new(1);
        for i in 0..10_000u32 {
            let v = random.next_u64() >> (i % 64);
            assert_eq!(zigzag(unzigzag(v)), v);
            let mut out = Vec::new();
            put_varint(&mut out, v);
            assert_eq!(out.len(), varint_len(v), "{v}");
            let mut bytes = Bytes::new(&out);
            assert_eq!((bytes.varint(), bytes.rest().len()), (Some(v), 0));
            assert_eq!(Bytes::new(&out[..out.len() - 1]).varint(), None);
        }
    }

    #[test]
    fn a_varint_over_64_bits_is_refused() {
        assert_eq!(Bytes::new(&[0xff; 11]).varint(), None);
        assert_eq!(
            Bytes::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint(),
            None
        );
    }

    #[test]
    fn bits_come_back() {
        let mut random = Random::new(2);
        for _ in 0..200 {
            let numbers: Vec<(u64, u32)> = (0..random.below(100))
                .map(|_| {
                    let n = random.below(65) as u32;
                    let v = random.next_u64();
                    (if n == 0 { 0 } else { v >> (64 - n) }, n)
                })
                .collect();
            let mut out = vec![7];
            let mut writer = BitWriter::new(&mut out);
            for &(v, n) in &numbers {
                writer.put(v, n);
            }
            writer.finish();
            let mut reader = BitReader::new(&out[1..]);
            for &(v, n) in &numbers {
                assert_eq!(reader.get(n), Some(v));
            }
            assert_eq!(reader.bytes_read(), out.len() - 1);
            assert_eq!(reader.get(64), None);
        }
    }
}

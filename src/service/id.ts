/** Ids of stored things: random, short enough to type, without look-alike characters. */
import { randomBytes } from 'node:crypto'

/** 32 characters, so that five bits of a random byte pick one. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz'
const LENGTH = 12

export function newId(): string {
  return Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte & 31]!).join('')
}

/** Letters and digits of both cases, as in the ids and secrets of Ably's keys. */
const KEY_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Id of an app or of one of its keys: it stands in front of every request, so it is short. */
export function newShortId(): string {
  return randomText(6)
}

/** Secret of an API key, with 256 random bits. */
export function newSecret(): string {
  return randomText(43)
}

/** Join or send key of a reservation, with more than 128 random bits, and short enough for an address. */
export function newChannelKey(): string {
  return randomText(24)
}

function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    // Bytes beyond the last whole multiple would make some characters likelier than others.
    const usable = randomBytes(length).filter((byte) => byte < 4 * KEY_ALPHABET.length)
    for (const byte of usable) text += KEY_ALPHABET[byte % KEY_ALPHABET.length]!
  }
  return text.slice(0, length)
}

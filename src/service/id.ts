/** Ids of stored things: random, short enough to type, without look-alike characters. */
import { randomBytes } from 'node:crypto'

/** 32 characters, so that five bits of a random byte pick one. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz'
const LENGTH = 12

export function newId(): string {
  return Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte & 31]!).join('')
}

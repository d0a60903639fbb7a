/** The token by which a device that wants push notifications says who it is (RSH3, RSH6). It is a secret and no more. */
import { randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** Apart from other tokens, so that only these are looked for among devices. A dot, as SDKs send base64 of tokens. */
const SHAPE = /^[A-Za-z0-9_-]{1,20}\.device-[A-Za-z0-9_-]{43}$/

export function newDeviceToken(appId: string): string {
  return `${appId}.device-${randomBytes(SECRET_BYTES).toString('base64url')}`
}

export function looksLikeDeviceToken(text: string): boolean {
  return SHAPE.test(text)
}

/** Makes JWTs as a backend that holds an API key would, for operators who try something out. */
import { SignJWT } from 'jose'
import { SECOND_MS } from './claims.ts'

export interface JwtWish {
  /** `appId.keyId` */
  readonly keyName: string
  readonly secret: string
  /** Milliseconds since the epoch, as is `expires`; a JWT knows whole seconds only. */
  readonly issued: number
  readonly expires: number
  /** JSON text; undefined for all that the key may. */
  readonly capability: string | undefined
  readonly clientId: string | undefined
}

export function signJwt(wish: JwtWish): Promise<string> {
  const { keyName, secret, issued, expires, capability, clientId } = wish
  const claims = {
    ...(capability !== undefined && { 'x-ably-capability': capability }),
    ...(clientId !== undefined && { 'x-ably-clientId': clientId }),
  }
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid: keyName })
    .setIssuedAt(Math.floor(issued / SECOND_MS))
    .setExpirationTime(Math.floor(expires / SECOND_MS))
    .sign(new TextEncoder().encode(secret))
}

/** Tokens over REST: issued for signed and plain requests, and revoked (RSA8, RSA9, RSA17). */
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { Credentials } from '../../../identity/credentials.ts'
import type { Directory, DirectoryKey } from '../../../identity/directory.ts'
import {
  type RevocationRequest,
  type StoredRevocation,
  readRevocationRequest,
  refusalToRevoke,
  revocationsOf,
} from '../../../identity/revocation-request.ts'
import type { TokenIssuer } from '../../../identity/token-issuer.ts'
import { parseTokenRequest, readTokenRequest } from '../../../identity/token-request.ts'
import { errorInfo } from '../errors/error-info.ts'
import type { RestAnswer } from '../http/answer.ts'
import { identify } from '../http/authorize.ts'
import { batchAnswer } from './batch.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

export interface TokenParts {
  readonly directory: Directory
  readonly authenticator: Authenticator
  readonly issuer: TokenIssuer
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Stores revocations, which take effect at once. */
  readonly revoke: (appId: string, revocations: readonly StoredRevocation[]) => void
}

export function tokenRoutes(parts: TokenParts): RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/time',
      handle: () => ok({ status: 200, value: [parts.now()] }),
    },
    {
      method: 'POST',
      path: '/keys/:keyName/requestToken',
      hidesOtherMethods: true,
      countsAs: 'tokenRequests',
      handle: (call) => requestToken(parts, call),
    },
    {
      method: 'POST',
      path: '/keys/:keyName/revokeTokens',
      writes: true,
      handle: (call) => revokeTokens(parts, call),
    },
  ]
}

async function requestToken(
  { directory, issuer }: TokenParts,
  call: RestCall,
): Promise<Result<RestAnswer>> {
  const key = directory.key(call.params['keyName']!)
  if (key) call.countFor(key.appId)
  const body = await call.body()
  if (!body.ok) return body
  // A signature covers numbers as they were written, so the text is read instead of the value.
  const { text, value } = body.value
  const request = text === undefined ? readTokenRequest(value) : parseTokenRequest(text)
  if (!request.ok) return request
  const credentials = credentialsFor(call, request.value.signed !== undefined)
  if (!credentials.ok) return credentials
  const { credential } = credentials.value
  const details = await issuer.answer(call.params['keyName']!, request.value, credential, call)
  return details.ok ? ok({ status: 201, value: details.value }) : details
}

const NO_CREDENTIALS: Credentials = { credential: undefined, clientId: undefined }

/** Credentials beside a signed request are ignored, even malformed ones. */
function credentialsFor({ credentials }: RestCall, isSigned: boolean): Result<Credentials> {
  return isSigned ? ok(NO_CREDENTIALS) : credentials
}

function revokeTokens(parts: TokenParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => keyToRevoke(parts, call),
    () => call.body(),
    (key, body) => {
      const request = readRevocationRequest(body.value, parts.now())
      if (!request.ok) return request
      const revocations = revocationsOf(request.value, key)
      call.allowance?.spend(request.value.targets.length - 1)
      return call.commit(() => {
        if (revocations.length > 0) parts.revoke(key.appId, revocations)
        return ok(revocationAnswer(request.value, call))
      })
    },
  )
}

/** The key whose tokens may be revoked by this caller. */
async function keyToRevoke(parts: TokenParts, call: RestCall): Promise<Result<DirectoryKey>> {
  const principal = await identify(parts.authenticator, call)
  if (!principal.ok) return principal
  const key = parts.directory.key(call.params['keyName']!)
  if (!key) return fail('key_not_found')
  const refusal: Failure | undefined = refusalToRevoke(principal.value, key)
  return refusal ? { ok: false, failure: refusal } : ok(key)
}

/** One entry a target, in the order of the request (BPF). */
function revocationAnswer(request: RevocationRequest, call: RestCall): RestAnswer {
  const { issuedBefore, appliesAt } = request
  const results = request.targets.map(({ text, target }) =>
    target.ok
      ? { target: text, issuedBefore, appliesAt }
      : { target: text, error: errorInfo(target.failure, call.visit.base) },
  )
  return batchAnswer([{ results }], false, call, 201)
}

/** The rights of a device: what its own token permits, what registration gives it, and when it ends. */
import type { Directory, DirectoryKey } from '../identity/directory.ts'
import { type RequestContext, refusalToUse } from '../identity/key-check.ts'
import type { TokenNumbers } from '../identity/native-token.ts'
import type { AppPrincipal } from '../identity/principal.ts'
import { type Failure, type Result, fail, failure, ok } from '../failure.ts'
import { type Capability, restrictTo } from '../policy/capability/capability.ts'
import { CapabilityChecker } from '../policy/capability/checker.ts'
import { intersect } from '../policy/capability/intersection.ts'
import { type DeviceToSave, type PushDevice, earliest } from './device.ts'

export interface DeviceParts {
  readonly directory: Directory
  /** Numbers devices registered with a key among the tokens, so that a revocation finds them (`service/tokens/token-order.ts`). */
  readonly numbers: TokenNumbers
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface DeviceRights {
  readonly capability: Capability
  readonly checker: CapabilityChecker
}

/** What a device gets from the credentials it is registered with, not from its description. */
export type Registration = Pick<DeviceToSave, 'keyId' | 'grant' | 'endsAt'>

/** What a device's grant permits within the present capability of its key; or why the device is no longer valid. */
export function rightsOf(
  parts: DeviceParts,
  device: PushDevice,
  arrival: RequestContext,
): Result<DeviceRights> {
  const key = keyOf(parts.directory, device)
  if (!key) return fail('credentials_wrong', 'the token of the device is not valid')
  const refusal = deviceRefusal(parts, device, arrival)
  if (refusal) return { ok: false, failure: refusal }
  const capability = intersect(device.grant.capability, key.capability)
  if (!capability.ok) return capability
  const checker = new CapabilityChecker(capability.value)
  return ok({ capability: capability.value, checker })
}

function keyOf(directory: Directory, { appId, keyId }: PushDevice): DirectoryKey | undefined {
  return directory.key(`${appId}.${keyId}`)
}

/** Why a device is no longer valid: its key or app has ended, or its credentials were revoked. */
export function deviceRefusal(
  { directory, now }: Pick<DeviceParts, 'directory' | 'now'>,
  device: PushDevice,
  arrival: RequestContext,
): Failure | undefined {
  const key = keyOf(directory, device)
  if (!key) return failure('key_revoked')
  const moment = now()
  const isRevoked = device.endsAt !== undefined && device.endsAt <= moment
  return (
    refusalToUse(key, directory, arrival, { now }) ??
    (isRevoked ? failure('token_revoked') : undefined)
  )
}

/** A device registered by another device gets the same grant and the same end. */
export function registrationByDevice({ keyId, grant, endsAt }: PushDevice): Registration {
  return { keyId, grant, endsAt }
}

/**
 * What a device gets that is registered with a key or token: the grant, and the key whose end ends it.
 * @param clientId of the new device
 */
export function registrationBy(
  { now, numbers }: DeviceParts,
  { keyId, capability, method, tokenClientId, ...token }: AppPrincipal,
  clientId: string | undefined,
): Registration {
  const granted = restrictTo(capability, 'push-subscribe')
  if (method === 'basic') {
    const moment = { issued: now(), number: numbers.next() }
    const known = { tokenClientId: clientId, tokenResources: [...granted.keys()] }
    return { keyId, grant: { capability: granted, origin: { method, ...moment, ...known } } }
  }
  const { issued, number, revocationKey, tokenResources } = token
  const origin = {
    method,
    issued: issued!,
    number,
    tokenClientId,
    revocationKey,
    tokenResources: [...(tokenResources ?? [])],
  }
  return { keyId, grant: { capability: granted, origin } }
}

/**
 * What a known device gets when somebody changes its client: it keeps its grant, because somebody else may hold its
 * token, and ends with the credentials of the change too.
 */
export function registrationChangedBy(
  { directory }: Pick<DeviceParts, 'directory'>,
  principal: AppPrincipal,
  { keyId, grant, endsAt }: PushDevice,
): Registration {
  const { method, issued = Infinity, number } = principal
  const { origin } = grant
  const isEarlier = issued < origin.issued
  const revokedFrom = directory.revocations.revokedFrom(principal)
  return {
    keyId,
    grant: isEarlier ? { ...grant, origin: { ...origin, method, issued, number } } : grant,
    endsAt: earliest(endsAt, revokedFrom),
  }
}

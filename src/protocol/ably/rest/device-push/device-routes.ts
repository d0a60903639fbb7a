/** Devices that are registered for push notifications (RSH1b, RSH3). */
import { type Failure, type Result, fail, ok } from '../../../../failure.ts'
import { isSameText } from '../../../../identity/api-key.ts'
import { canonicalText } from '../../../../policy/capability/capability.ts'
import type { DeviceFilter, PushDevice } from '../../../../device-push/device.ts'
import { Spliced, splice } from '../../wire/spliced.ts'
import type { RestAnswer } from '../../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../../http/body-then-identify.ts'
import { WHOLE } from '../../http/body.ts'
import { listAnswer } from '../../http/lists.ts'
import { type PushCaller, identifyCaller } from './caller.ts'
import { type DevicePushParts, readFilter, readPart } from './parts.ts'
import { type NamedDevice, readDevice, readDeviceChange } from './reader.ts'
import type { RestCall, RestRoute } from '../../http/router.ts'

const LIST = '/push/deviceRegistrations'
/** Where ably-ruby looks for the pages after the first. */
const NEXT_PAGES = '/deviceRegistrations'
const ONE = '/push/deviceRegistrations/:device'

export function pushDeviceRoutes(parts: DevicePushParts): RestRoute[] {
  return [
    { method: 'POST', path: LIST, writes: true, handle: (call) => register(parts, call) },
    { method: 'GET', path: LIST, handle: (call) => list(parts, call) },
    { method: 'GET', path: NEXT_PAGES, handle: (call) => list(parts, call) },
    { method: 'DELETE', path: LIST, writes: true, handle: (call) => removeWhere(parts, call) },
    { method: 'GET', path: ONE, handle: (call) => get(parts, call) },
    { method: 'PUT', path: ONE, writes: true, handle: (call) => put(parts, call) },
    { method: 'PATCH', path: ONE, writes: true, handle: (call) => patch(parts, call) },
    { method: 'DELETE', path: ONE, writes: true, handle: (call) => remove(parts, call) },
  ]
}

/** Registration by the device itself, which gets a token that identifies it (RSH3b3). */
function register(parts: DevicePushParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyCaller(parts, call, (caller) => caller.forNewDevice()),
    () => call.body(WHOLE),
    (caller, body) => call.commit(() => registerAs(parts, caller, body.value)),
  )
}

function registerAs(
  parts: DevicePushParts,
  caller: PushCaller,
  value: unknown,
): Result<RestAnswer> {
  const read = readDevice(value)
  if (!read.ok) return read
  const { secret } = read.value
  const mayReplace = (known: PushDevice) => refusal(caller.forKnownDevice(known, secret))
  const saved = save(parts, caller, read.value, { mayReplace })
  if (!saved.ok) return saved
  const token = parts.devices.issueToken(saved.value)
  const deviceIdentityToken = details(parts, saved.value, token)
  return ok({ status: 201, value: deviceValue(parts, saved.value, { deviceIdentityToken }) })
}

function details({ now }: DevicePushParts, device: PushDevice, token: string) {
  const { appId, keyId, id, clientId, grant } = device
  return {
    token,
    keyName: `${appId}.${keyId}`,
    issued: now(),
    capability: canonicalText(grant.capability),
    deviceId: id,
    clientId,
  }
}

function put(parts: DevicePushParts, call: RestCall): Answering {
  const id = call.params['device']!
  return bodyThenIdentify(
    () => identifyCaller(parts, call, (caller) => caller.forDevice(id)),
    () => call.body(WHOLE),
    (caller, body) => call.commit(() => replace(parts, caller, id, body.value)),
  )
}

function replace(
  parts: DevicePushParts,
  caller: PushCaller,
  id: string,
  value: unknown,
): Result<RestAnswer> {
  const device = readDevice(value, id)
  if (!device.ok) return device
  const known = parts.devices.find(caller.appId, id)
  const { secret } = device.value
  if (secret !== undefined && known?.secret !== undefined && !isSameText(known.secret, secret))
    return fail('bad_request', 'the secret of a device cannot be changed')
  const saved = save(parts, caller, device.value, { known })
  return saved.ok ? ok({ status: 200, value: deviceValue(parts, saved.value) }) : saved
}

function patch(parts: DevicePushParts, call: RestCall): Answering {
  return bodyThenIdentify(
    () => knownDevice(parts, call),
    () => call.body(WHOLE),
    ({ caller, device }, body) => {
      const changed = readDeviceChange(body.value, device)
      if (!changed.ok) return changed
      return call.commit((): Result<RestAnswer> => {
        const saved = save(parts, caller, changed.value, { known: device })
        return saved.ok ? ok({ status: 200, value: deviceValue(parts, saved.value) }) : saved
      })
    },
  )
}

/** What is already registered under the id of a device. */
interface Registered {
  readonly known?: PushDevice | undefined
  /** Why the known device may not be replaced, if so; asked when saving. */
  readonly mayReplace?: (known: PushDevice) => Failure | undefined
}

function save(
  { devices }: DevicePushParts,
  caller: PushCaller,
  device: NamedDevice,
  { known, mayReplace }: Registered,
): Result<PushDevice> {
  const clientId = caller.clientIdFor(device.clientId, known)
  if (!clientId.ok) return clientId
  const registration = known
    ? caller.registrationOf(known, clientId.value)
    : caller.registration(clientId.value)
  const { appId } = caller
  return devices.save({ ...device, ...registration, appId, clientId: clientId.value }, mayReplace)
}

function refusal(allowed: Result<unknown>): Failure | undefined {
  return allowed.ok ? undefined : allowed.failure
}

async function get(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const known = await knownDevice(parts, call)
  if (!known.ok) return known
  const { caller, device } = known.value
  const more = caller.isAdmin ? { deviceSecret: device.secret } : {}
  return ok({ status: 200, value: deviceValue(parts, device, more) })
}

async function knownDevice(
  parts: DevicePushParts,
  call: RestCall,
): Promise<Result<{ caller: PushCaller; device: PushDevice }>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const id = call.params['device']!
  const allowed = caller.value.forDevice(id)
  if (!allowed.ok) return allowed
  const device = parts.devices.find(caller.value.appId, id)
  return device ? ok({ caller: caller.value, device }) : fail('device_unknown')
}

/** No device here is ever FAILING; FAILED are those that were revoked. */
const STATES = ['ACTIVE', 'FAILING', 'FAILED'] as const

async function list(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const { deviceId, clientId } = readFilter(call.query)
  const allowed = caller.value.forDevice(deviceId)
  if (!allowed.ok) return allowed
  const part = readPart(call.query)
  if (!part.ok) return part
  const state = call.query.get('state')
  if (state !== null && !STATES.some((known) => known === state))
    return fail('parameter_invalid', `invalid state: it is one of ${STATES.join(', ')}`)
  const isEnded = state === null ? undefined : state === 'FAILED'
  const nothing = { items: [], next: undefined }
  const found =
    state === 'FAILING'
      ? nothing
      : parts.devices.list(caller.value.appId, { deviceId, clientId, isEnded }, part.value)
  return ok(listAnswer('deviceRegistrations', call, found, (device) => deviceValue(parts, device)))
}

async function remove(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const deviceId = call.params['device']!
  const allowed = caller.value.forDevice(deviceId)
  if (!allowed.ok) return allowed
  return removed(parts, call, caller.value, { deviceId })
}

async function removeWhere(parts: DevicePushParts, call: RestCall): Promise<Result<RestAnswer>> {
  const caller = await identifyCaller(parts, call)
  if (!caller.ok) return caller
  const { deviceId, clientId } = readFilter(call.query)
  const allowed = caller.value.forDevice(deviceId)
  if (!allowed.ok) return allowed
  if ((deviceId === undefined) === (clientId === undefined))
    return fail('bad_request', 'devices are removed by either deviceId or clientId')
  return removed(parts, call, caller.value, { deviceId, clientId })
}

function removed(
  { devices }: DevicePushParts,
  call: RestCall,
  { appId }: PushCaller,
  filter: DeviceFilter,
): Answering {
  return call.commit(() => {
    devices.remove(appId, filter)
    return ok({ status: 204, value: undefined })
  })
}

/** Without its secret. @param more members that it has in this answer */
function deviceValue({ now }: DevicePushParts, device: PushDevice, more: object = {}): Spliced {
  const { id, clientId, platform, formFactor, metadata, recipient, endsAt } = device
  const state = endsAt !== undefined && endsAt <= now() ? 'FAILED' : 'ACTIVE'
  const push = splice({ state }, { recipient: recipient.text })
  return new Spliced({ id, clientId, platform, formFactor, ...more }, { metadata, push })
}

/** Publishes push notifications to a device, to the devices of a client, or to a recipient (RSH1a). */
import { type Result, fail, ok } from '../../../../failure.ts'
import type { PushDevice, PushDevices } from '../../../../device-push/device.ts'
import { notificationText, payloadFault } from '../../../../device-push/notification.ts'
import { isRecord } from '../../wire/json-value.ts'
import { memberText } from '../../../../text/json-scanner.ts'
import type { RestAnswer } from '../../http/answer.ts'
import { type Answering, bodyThenIdentify } from '../../http/body-then-identify.ts'
import { identifyCaller } from './caller.ts'
import type { PushDelivery } from './delivery.ts'
import type { DevicePushParts } from './parts.ts'
import { WHOLE } from '../../http/body.ts'
import { readRecipient, readWritten } from './reader.ts'
import type { RestCall, RestRoute } from '../../http/router.ts'

export function pushPublishRoutes(parts: DevicePushParts, delivery: PushDelivery): RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/push/publish',
      handle: (call) => publish(parts, delivery, call),
    },
  ]
}

function publish(parts: DevicePushParts, delivery: PushDelivery, call: RestCall): Answering {
  return bodyThenIdentify(
    () => identifyCaller(parts, call, (caller) => caller.admin()),
    () => call.body(WHOLE),
    ({ appId }, body) => publishTo(parts, delivery, appId, body.value),
  )
}

async function publishTo(
  parts: DevicePushParts,
  delivery: PushDelivery,
  appId: string,
  body: unknown,
): Promise<Result<RestAnswer>> {
  const read = readWritten(body, 'payload')
  if (!read.ok) return read
  const { recipient } = read.value.members
  if (!isRecord(recipient)) return fail('bad_request', 'the recipient is missing or not valid')
  const fault = payloadFault(read.value.members)
  if (fault !== undefined) return fail('bad_request', fault)
  const text = notificationText(read.value.text)
  const sent =
    recipient['transportType'] === undefined
      ? toDevices({ devices: parts.devices, delivery }, appId, recipient, text)
      : await toRecipient(delivery, memberText(read.value.text, 'recipient'), text)
  return sent.ok ? ok({ status: 204, value: undefined }) : sent
}

/** Delivers to a recipient that the request describes; why it cannot be reached is the answer. */
async function toRecipient(
  delivery: PushDelivery,
  to: string | undefined,
  text: string,
): Promise<Result<unknown>> {
  const recipient = readRecipient(to)
  if (!recipient.ok) return recipient
  const delivered = await delivery.deliver(recipient.value, text)
  return delivered.ok
    ? delivered
    : fail('bad_request', `the recipient cannot be reached: ${delivered.failure.message}`)
}

function toDevices(
  { delivery, devices }: { readonly delivery: PushDelivery; readonly devices: PushDevices },
  appId: string,
  { deviceId, clientId }: Readonly<Record<string, unknown>>,
  text: string,
): Result<unknown> {
  if (typeof deviceId === 'string' && deviceId !== '') {
    const device = devices.find(appId, deviceId)
    if (!device) return fail('device_unknown')
    delivery.toDevices(appId, () => [device], text)
    return ok(undefined)
  }
  if (typeof clientId !== 'string' || clientId === '')
    return fail('bad_request', 'the recipient must contain a deviceId, clientId or transportType')
  delivery.toDevices(appId, () => ofClient(devices, appId, clientId), text)
  return ok(undefined)
}

function* ofClient(devices: PushDevices, appId: string, clientId: string): Iterable<PushDevice> {
  let after: string | undefined
  do {
    const { items, next } = devices.list(appId, { clientId }, { limit: 1000, after })
    yield* items
    after = next
  } while (after !== undefined)
}

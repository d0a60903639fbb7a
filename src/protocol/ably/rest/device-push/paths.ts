/** The paths of device push below `/push/`, which another protocol uses too. */

/** One expression instead of the router, because every request below `/push/` is tested. */
const PUSH_ADMIN =
  /^\/push\/(?:publish|batch|deviceRegistrations|channelSubscriptions|channels|pushChannels|apnsBroadcastChannels)(?:\/|$)/

/** Whether a path is one of device push. */
export function isDevicePushPath(path: string): boolean {
  return PUSH_ADMIN.test(path)
}

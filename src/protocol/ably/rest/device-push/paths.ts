/** Where push administration is: below a path that pushes of itty-sockets have too. */

/** One expression instead of a look at the routes, because every push of itty-sockets is asked about. */
const PUSH_ADMIN =
  /^\/push\/(?:publish|batch|deviceRegistrations|channelSubscriptions|channels|pushChannels|apnsBroadcastChannels)(?:\/|$)/

/** Whether SDKs of Ably send requests about push notifications there. */
export function isDevicePushPath(path: string): boolean {
  return PUSH_ADMIN.test(path)
}

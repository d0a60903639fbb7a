ALTER TABLE `push_devices` ADD `capability` text;--> statement-breakpoint
ALTER TABLE `push_devices` ADD `origin` text;--> statement-breakpoint
ALTER TABLE `push_devices` ADD `token_client_id` text;--> statement-breakpoint
ALTER TABLE `push_devices` ADD `revocation_key` text;--> statement-breakpoint
ALTER TABLE `push_devices` ADD `ends_at` integer;--> statement-breakpoint
CREATE INDEX `push_devices_token_client` ON `push_devices` (`app_id`,`token_client_id`);--> statement-breakpoint
CREATE INDEX `push_devices_revocation_key` ON `push_devices` (`app_id`,`revocation_key`);
ALTER TABLE `reservations` ADD `app_id` text;--> statement-breakpoint
CREATE INDEX `reservations_app` ON `reservations` (`app_id`);
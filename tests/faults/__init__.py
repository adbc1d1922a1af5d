"""Forty faults from the field, what must come of each, and the tests that prove it. Where a fault needs no more than its own room, its
test is there; in this folder are those that need a whole daemon between its devices and its broker. `test_table.py` reads this table.

Serial ports
 1. An adapter is pulled out in a read: the port is closed within a second and said to be missing; its neighbours go on.
    tests/devices/serial/test_serial_losing.py: test_unplugged, test_unplugged_is_noticed_at_once
    tests/system/test_hardware.py: test_an_adapter_is_pulled_out_and_comes_back_under_another_number
 2. It comes back under another number: it is opened again by its lasting name, without a restart.
    tests/devices/serial/test_serial_losing.py: test_replugged_under_a_new_number
    tests/system/test_hardware.py: test_an_adapter_is_pulled_out_and_comes_back_under_another_number
 3. A port is missing at boot: the gateway is ready all the same, and looks for it.
    tests/devices/serial/test_serial_losing.py: test_missing_at_start
    tests/system/test_service.py: test_ready_although_a_device_is_missing
 4. Another process reads the port too: it is named, and nothing ends.
    tests/devices/serial/test_serial_losing.py: test_a_second_reader, test_locked_by_another_process
 5. Two adapters have one name: neither is opened, and the names that tell them apart are listed.
    tests/devices/serial/test_serial_losing.py: test_two_adapters_of_one_name
 6. Bytes without an end of line: dropped at the limit and counted; memory stays as it is.
    tests/devices/serial/test_serial_reading.py: test_endless_bytes
 7. A byte now and then, and then none: the part of a line is dropped after the gap, and never passes for one.
    tests/devices/serial/test_serial_reading.py: test_dribble_then_silence
 8. Half a line, a pause, the other half: one line.
    tests/devices/serial/test_serial_reading.py: test_half_a_line_and_the_rest
 9. Bytes that are no text, NUL, a byte order mark: rejected or replaced, as configured, and counted.
    tests/devices/serial/test_serial_reading.py: test_undecodable_rejected, test_undecodable_replaced
10. A checksum that does not fit: the line is dropped, the last good state stays, and the log has a line a minute.
    tests/devices/serial/test_serial_reading.py: test_bad_checksum
11. What a board says while it boots, after the port was opened: passed over until it has settled.
    tests/devices/serial/test_serial_reading.py: test_boot_banner
12. A two-wire adapter echoes what we write: taken out where configured, and a clear fault where not.
    tests/devices/serial/test_serial_writing.py: test_echo_removed, test_echo_not_configured
13. The other side takes nothing: the write times out, the actor lives.
    tests/devices/serial/test_serial_writing.py: test_stuck_peer
14. A dying line raises what is no OSError: it is a line that was lost.
    tests/devices/serial/test_serial_losing.py: test_errors_of_a_dying_line
15. A stop while a read waits: it has ended within a second.
    tests/devices/serial/test_serial_losing.py: test_stop_in_a_read, test_stop_with_a_stuck_peer

Pins
16. What is called back at an edge raises: its thread lives, the fault is said, the next edge arrives.
    tests/devices/gpio/test_inputs.py: test_a_callback_that_fails_does_not_silence_the_pin
    tests/devices/gpio/test_headers.py: test_the_notify_thread_outlives_a_callback_that_fails
17. Ten thousand edges in a second: bounded, counted, and right in the end.
    tests/devices/gpio/test_inputs.py: test_ten_thousand_edges_end_in_the_right_value
18. An input that is active at the start: its state is told once, and no press.
    tests/devices/gpio/test_inputs.py: test_an_input_that_is_active_at_the_start_is_reported_once_and_pressed_never
19. Somebody else has the line: he is named, and the pin is claimed when the line is free.
    tests/devices/gpio/test_line_faults.py: test_a_busy_line_is_named_retried_and_recovers
    tests/system/test_hardware.py: test_a_busy_line_is_named_and_claimed_when_it_is_free
20. No chip, or one with another label: found by its label, or missing with the choices.
    tests/devices/gpio/test_chips.py: test_no_chip_at_all_is_missing, test_another_label_is_missing_with_the_choices
21. lgpio's folder cannot be written: named before lgpio is loaded.
    tests/devices/gpio/test_chips.py: test_an_unwritable_directory_is_named_before_lgpio_is_loaded
22. A stop or a kill while a relay is on: each time the level that the file says, and no other one at the start.
    tests/devices/gpio/test_outputs.py: test_a_stop_leaves_the_documented_state, test_keep_takes_over_what_an_earlier_process_left
    tests/devices/gpio/test_headers.py: test_a_relay_is_claimed_with_its_level_and_freed_as_it_is
    tests/devices/gpio/test_panel.py: test_a_lamp_outlives_the_process_on_the_panel
    tests/system/test_hardware.py: test_outputs_have_their_states_from_the_start, test_a_stop_leaves_outputs_as_they_are_told

Brokers
23. The broker is down at boot: what is read is kept, and published in order once it is up.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_broker_that_is_down_at_the_start_is_waited_for
    tests/system/test_power.py: test_nothing_acknowledged_is_lost_with_the_power
24. It stalls, and acknowledges nothing: little is under way, memory stays as it is, the connection is begun anew.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_broker_that_never_acknowledges_is_left, test_a_broker_that_stands_still_is_noticed
25. A kill between a publish and its acknowledgement: published again under the same id.
    tests/devices/mqtt/test_mqtt_faults.py: test_after_a_kill_between_send_and_puback_it_goes_out_again_under_the_same_id
    tests/faults/test_daemon_killed.py: test_killed_in_mid_stream_each_number_arrives_and_is_counted_once
26. A kill between the commit of a command and its acknowledgement: it comes again, and is done once.
    tests/devices/mqtt/test_mqtt_faults.py: test_after_a_kill_between_commit_and_ack_a_command_runs_once
    tests/faults/test_daemon_killed.py: test_with_the_broker_killed_too_each_number_is_counted_once
27. A retained command comes with the subscription: passed over, and logged.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_retained_command_is_ignored_and_logged
28. A command that is an hour old: answered "expired", and not done.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_stale_command_is_answered_and_not_run
29. One id of a command twice, or twice at once: done once, answered alike.
    tests/devices/mqtt/test_mqtt_faults.py: test_one_id_twice_is_one_run_and_the_same_answer
30. A publish is denied: a dead letter with the broker's reason, and no hot loop.
    tests/devices/mqtt/test_mqtt_denied.py: test_a_publish_that_is_denied_is_a_dead_letter_with_the_reason
31. A wrong password, a CA that did not sign, a port that speaks no TLS: said as what it is, with the keys; devices go on.
    tests/devices/mqtt/test_mqtt_denied.py: test_a_wrong_password_is_a_fault_with_a_name
    tests/devices/mqtt/test_mqtt_tls.py: test_a_broker_of_another_ca_is_not_trusted, test_tls_to_a_port_without_is_a_fault_with_a_name
    tests/devices/mqtt/test_mqtt_lean.py: test_a_handshake_that_nobody_answers_is_tls_that_failed
32. Another gateway has our client id: known, said loudly, and given room.
    tests/devices/mqtt/test_mqtt_rivals.py: test_a_second_client_of_our_name_is_named_and_given_room
    tests/devices/mqtt/test_mqtt_rivals.py: test_two_gateways_of_one_name_both_say_so
33. A payload over the limit: refused.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_message_over_the_limit_is_refused
34. JSON that is a trap (too deep, endless digits, NaN, a key twice, half a surrogate): refused with its reason, the actor lives.
    tests/devices/mqtt/test_mqtt_faults.py: test_payloads_that_are_traps_are_refused
    tests/devices/serial/test_serial_reading.py: test_harmful_json
35. A topic that is no UTF-8: dropped, the thread lives.
    tests/devices/mqtt/test_mqtt_faults.py: test_a_topic_that_is_not_utf8_is_dropped

The host
36. The disk is full: the reserve is freed, what came in goes out, what only tells waits or gives way, and what acts is possible.
    tests/faults/test_full_disk.py: test_on_a_full_disk_sources_wait_and_what_came_in_goes_out
    tests/faults/test_full_disk.py: test_without_a_byte_left_sources_wait_and_nothing_is_lost
    tests/runtime/test_giving_way.py: test_on_a_full_disk_a_button_switches_and_a_report_waits
    tests/runtime/test_giving_way.py: test_the_oldest_telemetry_gives_way_and_is_counted
37. The store is cut short, or has bits that flipped: known, kept aside, and said out loud with what it cost; the gateway starts.
    tests/daemon/test_life.py: test_a_store_of_garbage_is_moved_aside, test_one_bad_page_costs_what_is_on_it_and_is_said
    tests/daemon/test_life.py: test_commits_that_a_disk_has_lost_are_counted_and_said
    tests/store/test_sqlite_faults.py: test_a_truncated_file_is_found_out, test_a_flipped_bit_loses_no_row_without_a_word
38. The clock jumps by fifty years, or back by a day: nothing is lost or in another order, and timers do not notice.
    tests/runtime/test_time.py: test_a_jump_of_the_wall_clock_moves_no_timer
    tests/devices/clock/test_clock_jobs.py: test_a_clock_that_was_fifty_years_ahead_silences_nothing
39. A file with mistakes: at a reload the old one stays in force and STATUS says so; at the start the end is 78.
    tests/daemon/test_service.py: test_a_reload_of_a_bad_file_keeps_the_old_configuration
    tests/daemon/test_service.py: test_a_file_that_no_parser_can_take_ends_nobody
    tests/system/test_service.py: test_a_bad_file_makes_the_reload_fail_and_changes_nothing
    tests/system/test_service.py: test_a_bad_file_at_the_start_waits_for_a_person
40. The disk hangs while the store is written: the watchdog hears nothing, the gateway is restarted, and the reason is kept.
    tests/faults/test_hung_disk.py: test_the_watchdog_is_told_nothing_and_the_next_life_knows_why
    tests/system/test_service.py: test_without_progress_the_watchdog_bites
"""

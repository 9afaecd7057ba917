function mpc = small
% A comment.
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [ % kW and kvar
	1	3	0	0	0	0	1	1	0	11	1	1.1	0.9;
	2	1	500	200	0	0	1	1	0	11	1	1.1	0.9;
	3	2	0	0	0	0.1	1	1	0	11	1	1.1	0.9;
];
mpc.gen = [
	1	0	0	10	-10	1.02	100	1	10	0;
	3	0.1	0	10	-10	1.01	100	1	10	0;
];
mpc.branch = [
	1	2	0.5	0.4	0	0	0	0	0	0	1	-360	360;
	2	3	0.1	0.1	1e300	5	0	0	1.02	3	1	-360	360;
];
[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD] = idx_bus;
[F_BUS, T_BUS, BR_R, BR_X] = idx_brch;
Vbase = mpc.bus(1, 10) * 1e3;
Sbase = mpc.baseMVA * 1e6;
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;

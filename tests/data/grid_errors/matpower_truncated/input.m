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
	1	2	0.5	0.4	0	0	0	0	0	0	1	-360